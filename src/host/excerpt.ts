/**
 * The part of a long output that says what went wrong: its beginning and its end. Checks and
 * `continuity fix` send it to the agent.
 */
import { stripVTControlCharacters } from 'node:util';

/** In bytes. The line that says how much is missing comes on top. */
export interface ExcerptSize {
  head: number;
  tail: number;
}

/**
 * The text without colours. In a text longer than `size`, one line replaces the middle. No
 * character is cut in half.
 */
export function excerptOf(text: string, size: ExcerptSize): string {
  const plain = stripVTControlCharacters(text).trim();
  const bytes = Buffer.from(plain);
  const missing = bytes.length - size.head - size.tail;
  return missing > 0 ? joined(bytes, bytes, size, `${missing}`) : plain;
}

/**
 * Colours are removed when the text is asked for. Until then the class keeps four times its size.
 */
const KEPT = 4;

/** The excerpt of an output that arrives in chunks. Memory is bounded for any length of output. */
export class Excerpt {
  bytes = 0;
  #head = Buffer.alloc(0);
  #tail = Buffer.alloc(0);

  constructor(private readonly size: ExcerptSize) {}

  add(chunk: Buffer): void {
    this.bytes += chunk.length;
    const room = KEPT * this.size.head - this.#head.length;
    if (room > 0) this.#head = Buffer.concat([this.#head, chunk.subarray(0, room)]);
    const rest = room > 0 ? chunk.subarray(room) : chunk;
    if (rest.length > 0) this.#tail = Buffer.concat([this.#tail, rest]).subarray(-KEPT * this.size.tail);
  }

  text(): string {
    if (this.bytes === this.#head.length + this.#tail.length)
      return excerptOf(Buffer.concat([this.#head, this.#tail]).toString('utf8'), this.size);
    const plain = (part: Buffer) => stripVTControlCharacters(part.toString('utf8'));
    const [head, tail] = [plain(this.#head).trimStart(), plain(this.#tail).trimEnd()];
    const missing = this.bytes - this.size.head - this.size.tail;
    return joined(Buffer.from(head), Buffer.from(tail), this.size, `about ${missing}`);
  }

  /** The newest line, for progress. */
  lastLine(): string {
    const end = (this.#tail.length > 0 ? this.#tail : this.#head).subarray(-400).toString('utf8');
    const lines = stripVTControlCharacters(end)
      .trim()
      .split(/[\r\n]+/);
    return lines.at(-1) ?? '';
  }
}

function joined(head: Buffer, tail: Buffer, size: ExcerptSize, missing: string): string {
  const [first, last] = [unbroken(head.subarray(0, size.head)), unbroken(tail.subarray(-size.tail))];
  return `${first}\n… ${missing} bytes are left out here …\n${last}`;
}

/** Without the halves of characters at the two ends. */
function unbroken(part: Buffer): string {
  return part.toString('utf8').replace(/^\uFFFD+|\uFFFD+$/g, '');
}
