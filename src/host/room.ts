/**
 * Says whether a directory can hold something. The directory may not exist yet, so the nearest
 * existing one above it is checked.
 */
import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Ends a sentence that begins with the directory. Undefined when the directory has room. */
export async function whyNoRoom(directory: string, neededBytes: number): Promise<string | undefined> {
  try {
    await access(await nearestThere(directory), constants.W_OK);
  } catch (error) {
    return `can't be written: ${error instanceof Error ? error.message : String(error)}`;
  }
  const free = await freeBytes(directory);
  return free !== undefined && free < neededBytes
    ? `is on a disk with ${sizeOf(free)} free, and ${sizeOf(neededBytes)} are needed`
    : undefined;
}

/** Bytes that are free for this user. Undefined when the file system does not say. */
export async function freeBytes(directory: string): Promise<number | undefined> {
  const { bavail, bsize, blocks } = await statfs(await nearestThere(directory));
  return blocks === 0 ? undefined : bavail * bsize;
}

/** @throws Error when a part of the path is not a directory */
export async function nearestThere(path: string): Promise<string> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!found) return nearestThere(dirname(path));
  if (!found.isDirectory()) throw new Error(`${path} is not a directory`);
  return path;
}

/** For example `78 GB`. */
export function sizeOf(bytes: number): string {
  const mega = Math.floor(bytes / 1e6);
  return mega < 1000 ? `${mega} MB` : `${Math.floor(mega / 1000)} GB`;
}
