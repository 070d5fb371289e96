/** Which host this is: made once and kept in the data directory, so that a new name of the machine strands no session. */
import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** Called under the lock of the data directory: nobody else makes one meanwhile. */
export async function hostIdOf(dataDir: string): Promise<string> {
  const known = await knownHostId(dataDir);
  if (known !== undefined) return known;
  const name = hostname().toLowerCase().replace(/[^a-z0-9-]/g, '-').slice(0, 40);
  const id = `${name}-${randomBytes(3).toString('hex')}`;
  const file = fileIn(dataDir);
  // In one step: a disk that is full leaves none, not half of one.
  await writeFile(`${file}.new`, `${id}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return id;
}

/** Nothing where no worker has run yet. */
export async function knownHostId(dataDir: string): Promise<string | undefined> {
  try {
    return (await readFile(fileIn(dataDir), 'utf8')).trim() || undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function fileIn(dataDir: string): string {
  return join(dataDir, 'host-id');
}
