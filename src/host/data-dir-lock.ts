/**
 * The data directory belongs to its owner alone. At most one `continuity up` and one worker run on
 * it at a time.
 */
import { failed, type Failed } from '../contract/failures.js';
import { access, constants, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ensurePrivate } from './private-data-dir.js';
import { awaitLock, takeLock, type HeldLock } from './lock-file.js';

/**
 * Creates the data directory when it does not exist.
 * @throws Failed DATA_DIR_UNWRITABLE, DATA_DIR_UNSAFE
 */
export async function ensureDataDir(dataDir: string): Promise<void> {
  await ensurePrivate(dataDir);
  try {
    await mkdir(join(dataDir, 'logs'), { recursive: true, mode: 0o700 });
    await access(dataDir, constants.W_OK);
  } catch (cause) {
    throw unwritable(dataDir, cause);
  }
}

/** @throws Failed DATA_DIR_LOCKED, DATA_DIR_UNWRITABLE */
export function holdDataDir(dataDir: string, as: Role): HeldLock {
  const lock = onFileOf(dataDir, () => takeLock(join(dataDir, `${as}.lock`), String(process.pid)));
  if ('holder' in lock) throw lockedBy(`on ${dataDir}${lock.holder && ` (process ${lock.holder})`}`, as);
  return lock;
}

/**
 * Takes the lock at once when it is free, otherwise as soon as its holder releases it or dies. The
 * wait cannot be cancelled. A caller that gives up has to end the process.
 *
 * @throws Failed DATA_DIR_UNWRITABLE
 */
export async function waitForDataDir(
  dataDir: string,
  as: Role,
  standingBy: (owner: string) => void,
): Promise<HeldLock> {
  try {
    return await awaitLock(join(dataDir, `${as}.lock`), String(process.pid), ({ holder }) => standingBy(holder));
  } catch (cause) {
    throw unwritable(dataDir, cause);
  }
}

export function lockedBy(where: string, as: Role, otherwise = 'use another directory with --data-dir'): Failed {
  const { who, instead } = ROLES[as];
  return failed('DATA_DIR_LOCKED', `${who} already runs ${where}.`, `${instead}, or ${otherwise}.`);
}

type Role = keyof typeof ROLES;

/** Words for the error DATA_DIR_LOCKED: what runs already, and what to do instead. */
const ROLES = {
  up: { who: 'continuity up', instead: 'Use the one that runs, or stop it with Ctrl-C in its terminal' },
  worker: {
    who: 'A worker',
    instead: 'Stop that process first, or have this one take over when it ends: continuity worker --standby',
  },
} as const;

function onFileOf<T>(dataDir: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw unwritable(dataDir, cause);
  }
}

function unwritable(dataDir: string, cause: unknown): Failed {
  const why = cause instanceof Error ? cause.message : String(cause);
  return failed('DATA_DIR_UNWRITABLE', `Data directory ${dataDir} is not writable: ${why}.`, undefined, { cause });
}
