/**
 * The id of this host. It is created once and kept in the data directory, so that renaming the
 * machine strands no session.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { writePrivateFile } from './private-file.js';

/** Call it while you hold the data directory's lock, so that no other process creates an id. */
export async function hostIdOf(dataDir: string): Promise<string> {
  const known = await knownHostId(dataDir);
  if (known !== undefined) return known;
  const name = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .slice(0, 40);
  const id = `${name}-${randomBytes(3).toString('hex')}`;
  await writePrivateFile(fileIn(dataDir), `${id}\n`);
  return id;
}

/** Undefined when no worker has run on the data directory. */
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
