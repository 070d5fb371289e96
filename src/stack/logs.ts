/**
 * Log files in the data directory. Only the owner can read them, and each log has at most two
 * files. A child appends through its own descriptor, because a pipe would break when `continuity
 * up` dies and the child lives on. The log therefore stays the same file, and is truncated while
 * the child writes.
 */
import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { open, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as sleep } from 'node:timers/promises';

const ROLL_OVER_AT_BYTES = 10 * 1024 * 1024;
const LOOK_EVERY_MS = 150;

export function logOf(dataDir: string, name: 'temporal' | 'worker'): string {
  return join(dataDir, 'logs', `${name}.log`);
}

/** A descriptor for a child process. It must append, because the file is truncated meanwhile. */
export function openLog(file: string): number {
  return openSync(file, 'a', 0o600);
}

export interface LogOptions {
  /** Gets the text that is appended from now on. */
  write?: (text: string) => void;
  /**
   * Gets the reason when the log cannot be read or truncated, for example a full disk. The next
   * look tries again.
   */
  report: (line: string) => void;
  rollOverAt?: number;
}

/** Follows a log and bounds its size, until `stop`. Never rejects. */
export async function watchLog(
  file: string,
  { write = () => undefined, report, rollOverAt = ROLL_OVER_AT_BYTES }: LogOptions,
): Promise<{ stop(): Promise<void> }> {
  closeSync(openLog(file));
  const stopped = new AbortController();
  const log = new WatchedLog(file, write, rollOverAt);
  await log.begin();
  let reported = '';
  const look = async () => {
    const problem = await log.look().then(
      () => '',
      (error: unknown) => `The log ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
    );
    if (problem !== '' && problem !== reported) report(problem);
    reported = problem;
  };
  const watching = (async () => {
    while (!stopped.signal.aborted) {
      await look();
      // AbortError: the loop's condition sees it.
      await sleep(LOOK_EVERY_MS, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
    await look();
    await log.close();
  })();
  return {
    stop: () => {
      stopped.abort();
      return watching;
    },
  };
}

class WatchedLog {
  readonly #buffer = Buffer.alloc(64 * 1024);
  #decoder = new StringDecoder('utf8');
  #handle: FileHandle | undefined;
  #position = 0;

  constructor(
    private readonly file: string,
    private readonly write: (text: string) => void,
    private readonly rollOverAt: number,
  ) {}

  async begin(): Promise<void> {
    this.#handle = await open(this.file, 'r+');
    this.#position = (await this.#handle.stat()).size;
  }

  async look(): Promise<void> {
    const handle = (this.#handle ??= await open(this.file, 'r+'));
    await this.#catchUp(handle);
    // ENOENT: the file was removed. The child still writes to the old one.
    const now = await stat(this.file).catch(() => undefined);
    const followed = await handle.stat();
    if (now && (now.ino !== followed.ino || now.dev !== followed.dev)) {
      // Another program moved the file away. The next child writes to the new file.
      await this.close();
      this.#position = 0;
      await this.look();
    } else if (followed.size > this.rollOverAt) await this.#rollOver(handle);
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }

  async #catchUp(handle: FileHandle): Promise<void> {
    if ((await handle.stat()).size < this.#position) this.#position = 0; // Another program truncated the file.
    for (;;) {
      const { bytesRead } = await handle.read(this.#buffer, 0, this.#buffer.length, this.#position);
      if (bytesRead === 0) return;
      this.#position += bytesRead;
      const text = this.#decoder.write(this.#buffer.subarray(0, bytesRead));
      if (text !== '') this.write(text);
    }
  }

  /** On a full disk the older part is lost, because the log must not fill the disk further. */
  async #rollOver(handle: FileHandle): Promise<void> {
    const old = `${this.file}.old`;
    await this.#copyTo(old, handle).catch(() => rm(old, { force: true }));
    await this.#catchUp(handle);
    // No code of this process runs between the last read and this call. Text that the child writes
    // in these microseconds is lost.
    ftruncateSync(handle.fd, 0);
    this.#position = 0;
  }

  async #copyTo(old: string, from: FileHandle): Promise<void> {
    const to = await open(old, 'w', 0o600);
    try {
      const buffer = Buffer.alloc(this.#buffer.length);
      for (let at = 0; ;) {
        const { bytesRead } = await from.read(buffer, 0, buffer.length, at);
        if (bytesRead === 0) return;
        await to.write(buffer, 0, bytesRead);
        at += bytesRead;
      }
    } finally {
      await to.close();
    }
  }
}
