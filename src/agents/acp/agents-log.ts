/**
 * What agents write to their standard error, and what they print around the protocol. Some write
 * without an end, so the file takes so much and no more; the one before it is kept.
 */
import { createWriteStream, renameSync, type WriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';

const MAX_BYTES = 5 * 1024 * 1024;

export class AgentsLog {
  #stream: WriteStream | undefined;
  #bytes = 0;

  constructor(readonly file: string) {}

  async open(): Promise<void> {
    this.#bytes = await stat(this.file).then(
      ({ size }) => size,
      () => 0, // ENOENT: there is none yet.
    );
    this.#begin();
  }

  /** Passed over while the log is not open. */
  write(text: string): void {
    if (!this.#stream) return;
    if (this.#bytes > MAX_BYTES) this.#turnOver();
    this.#bytes += Buffer.byteLength(text);
    this.#stream.write(text);
  }

  close(): void {
    this.#stream?.end();
    this.#stream = undefined;
  }

  #turnOver(): void {
    this.close();
    try {
      renameSync(this.file, `${this.file}.old`);
    } catch {
      // ENOENT, EACCES: a log that is lost is no reason to stop a turn.
    }
    this.#bytes = 0;
    this.#begin();
  }

  #begin(): void {
    this.#stream = createWriteStream(this.file, { flags: 'a', mode: 0o600 });
    this.#stream.on('error', () => undefined); // As above.
  }
}
