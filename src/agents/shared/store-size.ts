/** Tells of a store that has become large. Agents delete nothing by themselves. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const LARGE_BYTES = 5e9;

/** For `doctor`. `undefined` when the store is small, or no directory or file. */
export async function noteOfSize(store: string, large = LARGE_BYTES): Promise<string | undefined> {
  const bytes = await bytesOf(store);
  if (bytes < large) return undefined;
  return `The store ${store} has ${(bytes / 1e9).toFixed(1)} GB. To make room, delete sessions that you no longer need: continuity forget --sessions, or in the agent itself.`;
}

/** A database has files beside it, such as `opencode.db-wal`. */
async function bytesOf(store: string): Promise<number> {
  const found = await stat(store).catch(() => undefined); // ENOENT: nothing is stored yet, or it is no path.
  if (!found) return 0;
  if (found.isDirectory()) return sizeOf(await filesIn(store, true));
  const beside = await filesIn(dirname(store), false);
  return sizeOf(beside.filter((file) => basename(file).startsWith(basename(store))));
}

async function filesIn(folder: string, recursive: boolean): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive }).catch(() => []); // EACCES, ENOENT
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

async function sizeOf(files: readonly string[]): Promise<number> {
  let sum = 0;
  for (const file of files) sum += (await stat(file).catch(() => undefined))?.size ?? 0; // ENOENT: deleted meanwhile.
  return sum;
}
