/** The data directory: the owner's alone, with one `continuity up` and one worker at a time on it. */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { access, constants, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { tryLock } from 'fs-native-extensions';
import { StackError, stackError } from './stack-error.js';

/** @throws StackError DATA_DIR_UNWRITABLE */
export async function ensureDataDir(dataDir: string): Promise<void> {
  try {
    await mkdir(join(dataDir, 'logs'), { recursive: true, mode: 0o700 });
    await access(dataDir, constants.W_OK);
  } catch (cause) {
    throw unwritable(dataDir, cause);
  }
}

/**
 * Held until the process ends, however it ends.
 *
 * @throws StackError DATA_DIR_LOCKED, DATA_DIR_UNWRITABLE
 */
export function holdDataDir(dataDir: string, as: keyof typeof HOLDERS): { release(): void } {
  const file = join(dataDir, `${as}.lock`);
  try {
    const fd = openSync(file, 'a+', 0o600);
    if (!tryLock(fd)) throw lockedBy(file, dataDir, fd, HOLDERS[as]);
    ftruncateSync(fd);
    writeSync(fd, `${process.pid}\n`);
    return { release: () => closeSync(fd) };
  } catch (cause) {
    throw cause instanceof StackError ? cause : unwritable(dataDir, cause);
  }
}

/** What runs already, in the words of the error. */
const HOLDERS = {
  up: { who: 'continuity up', stop: 'Use the one that runs, or stop it with Ctrl-C in its terminal' },
  worker: { who: 'A worker', stop: 'Stop that process first' },
} as const;

function lockedBy(file: string, dataDir: string, fd: number, { who, stop }: (typeof HOLDERS)[keyof typeof HOLDERS]): StackError {
  closeSync(fd);
  const owner = readFileSync(file, 'utf8').trim();
  const fix = `${stop}, or use another directory with --data-dir.`;
  return stackError('DATA_DIR_LOCKED', `${who} runs already on ${dataDir}${owner ? ` (process ${owner})` : ''}.`, fix);
}

function unwritable(dataDir: string, cause: unknown): StackError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return stackError('DATA_DIR_UNWRITABLE', `Data directory ${dataDir} is not writable: ${why}.`, undefined, { cause });
}
