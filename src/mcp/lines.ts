/**
 * Splits the client's input into messages, one a line. A batch (MCP 2025-03-26) becomes its messages, and
 * each gets its own answer. A line of more than 9 MiB is skipped, because the SDK would end the connection.
 */
import { Transform, type TransformCallback } from 'node:stream';

/** A prompt has at most 64 KiB. The SDK takes 10 MiB. */
const MOST_BYTES = 9 * 1024 * 1024;
const NEW_LINE = 0x0a;
const BATCH = 0x5b; // [

export class Lines extends Transform {
  #parts: Buffer[] = [];
  #length = 0;

  /** `note` is called with the reason for each line that is skipped. */
  constructor(private readonly note: (problem: string) => void) {
    super();
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    let from = 0;
    for (let end = chunk.indexOf(NEW_LINE); end !== -1; end = chunk.indexOf(NEW_LINE, from)) {
      this.#take(chunk.subarray(from, end));
      this.#end();
      from = end + 1;
    }
    this.#take(chunk.subarray(from));
    done();
  }

  #take(part: Buffer): void {
    this.#length += part.length;
    if (this.#length <= MOST_BYTES) this.#parts.push(part);
    else this.#parts = [];
  }

  #end(): void {
    if (this.#length > MOST_BYTES)
      this.note(`A line of ${this.#length} bytes was passed over. A message has at most ${MOST_BYTES}.`);
    else for (const message of messagesIn(Buffer.concat(this.#parts))) this.push(`${message.toString()}\n`);
    this.#parts = [];
    this.#length = 0;
  }
}

function messagesIn(line: Buffer): (Buffer | string)[] {
  if (line[0] !== BATCH) return [line];
  try {
    const batch = JSON.parse(line.toString()) as unknown[];
    return batch.map((message) => JSON.stringify(message));
  } catch {
    return [line]; // Not JSON: the SDK skips it.
  }
}
