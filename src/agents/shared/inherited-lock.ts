/**
 * A kernel lock on a file. A spawned program inherits it with the file's descriptor, and holds it
 * for as long as it lives. So there is no record of a pid that could be stale, and no gap between a
 * look and a start. The process that has the lock writes a note into the file.
 */
import { closeSync, constants, fstatSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { tryLock } from 'fs-native-extensions';

/**
 * A note is written with one call and padded to this size. So a reader never sees half of a note,
 * or a rest of an older one.
 */
const NOTE_BYTES = 512;

export interface InheritedLock {
  /** Pass it on in `stdio`. */
  readonly fd: number;
  note(note: object): void;
  /** Closes our descriptor. A program that inherited it keeps the lock. */
  release(): void;
}

/** `undefined` when another process has the lock. */
export function holdLock(file: string): InheritedLock | undefined {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  for (;;) {
    const own = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
    if (!tryLock(own)) {
      closeSync(own);
      return undefined;
    }
    if (!isStillAt(file, own)) {
      closeSync(own); // The file was removed before it was locked.
      continue;
    }
    return {
      fd: own,
      note: (note) => void writeSync(own, JSON.stringify(note).padEnd(NOTE_BYTES), 0),
      release: () => closeSync(own),
    };
  }
}

/** The note of the process that has the lock. `undefined` when the lock is free. */
export function holderOf<Note extends object>(file: string): Partial<Note> | undefined {
  let fd: number;
  try {
    fd = openSync(file, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return tryLock(fd) ? undefined : noteIn(readFileSync(fd, 'utf8'));
  } finally {
    closeSync(fd);
  }
}

function noteIn<Note extends object>(text: string): Partial<Note> {
  try {
    return JSON.parse(text) as Partial<Note>;
  } catch {
    return {}; // SyntaxError: the note is not written yet.
  }
}

function isStillAt(file: string, fd: number): boolean {
  const [there, own] = [statSync(file, { throwIfNoEntry: false }), fstatSync(fd)];
  return there !== undefined && there.ino === own.ino && there.dev === own.dev;
}
