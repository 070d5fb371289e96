/**
 * Lets one worker for each host id run on a machine. The lock in the data directory is not enough:
 * the directory may have been copied together with its host id, or the locked file may have been
 * removed.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { stateDirOf } from './data-dir.js';
import { lockedBy } from './data-dir-lock.js';
import { awaitLock, takeLock, type HeldLock } from './lock-file.js';

export interface Host {
  host: string;
  dataDir: string;
  env?: NodeJS.ProcessEnv;
}

/** The process that holds the host lock, with its data directory. */
export interface Owner {
  pid: string;
  place: string;
}

/**
 * Locks a file in the user's state directory. Call it while you hold the data directory's lock.
 *
 * @param waits called once when another worker holds the host. With it, the call waits for the
 * lock.
 * @returns undefined when the state directory does not exist or cannot be written. Only the data
 * directory's lock protects the host then.
 * @throws Failed DATA_DIR_LOCKED
 */
export async function holdHost(
  { host, dataDir, env }: Host,
  waits?: (owner: Owner) => void,
): Promise<HeldLock | undefined> {
  const state = stateDirOf(env);
  if (state === undefined) return undefined;
  const [folder, note] = [join(state, 'hosts'), `${process.pid} ${dataDir}`];
  const file = join(folder, `${encodeURIComponent(host)}.lock`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if (waits) return await awaitLock(file, note, ({ holder }) => waits(ownerIn(holder)));
    const lock = takeLock(file, note);
    if (!('holder' in lock)) return lock;
    throw refusal({ host, dataDir }, ownerIn(lock.holder));
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'syscall' in error) return undefined; // EROFS, EACCES, ENOSPC, ENOTDIR.
    throw error;
  }
}

function refusal({ host, dataDir }: Host, { pid, place }: Owner): Error {
  if (place === dataDir)
    return lockedBy(`on ${dataDir} (process ${pid}), and its file worker.lock was removed or replaced`, 'worker');
  const where = `for host ${host} on ${place} (process ${pid}), and ${dataDir} is a copy of that directory: two workers would drive the same sessions`;
  return lockedBy(where, 'worker', 'use a new directory with --data-dir');
}

function ownerIn(note: string): Owner {
  const [pid = '', ...place] = note.split(' ');
  return { pid, place: place.join(' ') };
}
