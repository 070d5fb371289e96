/**
 * The kernel's lock on a file. It is held until it is released or its process ends in any way. It
 * never expires by time, so a stopped process keeps it.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { tryLock, waitForLock } from 'fs-native-extensions';

export interface HeldLock {
  readonly file: string;
  /**
   * Whether the path still names the locked file. When the file was removed or replaced, another
   * process can lock the new one.
   */
  inPlace(): boolean;
  release(): void;
}

/** The note that the holder of the lock wrote into the file. */
interface Holder {
  holder: string;
}

/** Takes the lock and writes the note, or returns the note of the process that holds it. */
export function takeLock(file: string, note: string): HeldLock | Holder {
  for (;;) {
    const fd = openSync(file, 'a+', 0o600);
    if (!tryLock(fd)) return { holder: readAndClose(fd) };
    const lock = hold(fd, file, note);
    if (lock) return lock;
  }
}

/**
 * Takes the lock as soon as its holder releases it or dies. The wait cannot be cancelled. A caller
 * that gives up has to end the process.
 */
export async function awaitLock(file: string, note: string, waits: (holder: Holder) => void): Promise<HeldLock> {
  for (let waited = false; ; waited = true) {
    const fd = openSync(file, 'a+', 0o600);
    if (!tryLock(fd)) {
      if (!waited) waits({ holder: readFileSync(file, 'utf8').trim() });
      await waitForLock(fd);
    }
    const lock = hold(fd, file, note);
    if (lock) return lock;
  }
}

/**
 * Undefined when the file was removed or replaced before it was locked. Only a lock on the file
 * that the path names now counts.
 */
function hold(fd: number, file: string, note: string): HeldLock | undefined {
  if (!names(file, fd)) {
    closeSync(fd);
    return undefined;
  }
  ftruncateSync(fd);
  writeSync(fd, `${note}\n`);
  let released = false;
  return {
    file,
    inPlace: () => released || names(file, fd),
    release() {
      if (!released) closeSync(fd);
      released = true;
    },
  };
}

function names(file: string, fd: number): boolean {
  try {
    const [there, own] = [statSync(file, { throwIfNoEntry: false }), fstatSync(fd)];
    return there !== undefined && there.ino === own.ino && there.dev === own.dev;
  } catch {
    return true; // EACCES, EIO: the file cannot be read now, but it may still exist.
  }
}

function readAndClose(fd: number): string {
  try {
    return readFileSync(fd, 'utf8').trim();
  } finally {
    closeSync(fd);
  }
}
