/**
 * What the client writes, a message a line. A batch, which version 2025-03-26 of MCP has, becomes its
 * messages, and each is answered for itself. A line of many megabytes is passed over, where the SDK
 * would end the connection.
 */
import { Transform, type TransformCallback } from 'node:stream';

/** A prompt has at most 64 KiB. The SDK takes 10 MiB. */
const MOST_BYTES = 9 * 1024 * 1024;
const NEW_LINE = 0x0a;
const BATCH = 0x5b; // [

export class Lines extends Transform {
  #parts: Buffer[] = [];
  #length = 0;

  /** `note` gets what is wrong with a line that is passed over. */
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
    return [line]; // No JSON: the SDK passes it over.
  }
}
