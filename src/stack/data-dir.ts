/** The data directory: the owner's alone, with one `continuity up` and one worker at a time on it. */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { access, constants, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { tryLock, waitForLock } from 'fs-native-extensions';
import { ensurePrivate } from '../config.js';
import { type StackError, stackError } from './stack-error.js';

/** Makes it where it is not there. @throws StackError DATA_DIR_UNWRITABLE; ConfigInvalid DATA_DIR_UNSAFE */
export async function ensureDataDir(dataDir: string): Promise<void> {
  await ensurePrivate(dataDir);
  try {
    await mkdir(join(dataDir, 'logs'), { recursive: true, mode: 0o700 });
    await access(dataDir, constants.W_OK);
  } catch (cause) {
    throw unwritable(dataDir, cause);
  }
}

/** Held until it is released or the process ends, however it ends. It never expires by time: a process that is stopped keeps it. */
export interface HeldDataDir {
  release(): void;
}

/** @throws StackError DATA_DIR_LOCKED, DATA_DIR_UNWRITABLE */
export function holdDataDir(dataDir: string, as: Holder): HeldDataDir {
  const lock = openLock(dataDir, as);
  if (lock.taken) return heldBy(lock.fd);
  closeSync(lock.fd);
  const { who, instead } = HOLDERS[as];
  throw stackError('DATA_DIR_LOCKED', `${who} runs already on ${dataDir}${lock.owner && ` (process ${lock.owner})`}.`, `${instead}, or use another directory with --data-dir.`);
}

/**
 * Takes it at once when it is free, else as soon as its owner lets go or dies. The wait can't be called off: whoever gives it up ends the process.
 *
 * @throws StackError DATA_DIR_UNWRITABLE
 */
export async function waitForDataDir(dataDir: string, as: Holder, standingBy: (owner: string) => void): Promise<HeldDataDir> {
  const lock = openLock(dataDir, as);
  if (!lock.taken) {
    standingBy(lock.owner);
    await waitForLock(lock.fd);
  }
  return heldBy(lock.fd);
}

type Holder = keyof typeof HOLDERS;

/** What runs already, and what to do about it, in the words of the error. */
const HOLDERS = {
  up: { who: 'continuity up', instead: 'Use the one that runs, or stop it with Ctrl-C in its terminal' },
  worker: { who: 'A worker', instead: 'Stop that process first, or have this one take over when it ends: continuity worker --standby' },
} as const;

function openLock(dataDir: string, as: Holder): { fd: number; taken: boolean; owner: string } {
  const file = join(dataDir, `${as}.lock`);
  try {
    const fd = openSync(file, 'a+', 0o600);
    const taken = tryLock(fd);
    return { fd, taken, owner: taken ? '' : readFileSync(file, 'utf8').trim() };
  } catch (cause) {
    throw unwritable(dataDir, cause);
  }
}

function heldBy(fd: number): HeldDataDir {
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`);
  return { release: () => closeSync(fd) };
}

function unwritable(dataDir: string, cause: unknown): StackError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return stackError('DATA_DIR_UNWRITABLE', `Data directory ${dataDir} is not writable: ${why}.`, undefined, { cause });
}
