/** Which host this is: made once and kept in the data directory, so that a new name of the machine strands no session. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** Called under the lock of the data directory: nobody else makes one meanwhile. */
export async function hostIdOf(dataDir: string): Promise<string> {
  const file = join(dataDir, 'host-id');
  const known = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  if (known.trim() !== '') return known.trim();
  const name = hostname().toLowerCase().replace(/[^a-z0-9-]/g, '-').slice(0, 40);
  const id = `${name}-${randomBytes(3).toString('hex')}`;
  await writeFile(file, `${id}\n`, { mode: 0o600 });
  return id;
}
