/** What of a long output tells what went wrong: how it began, and much of its end. Takes any amount in a bounded memory. */
import { stripVTControlCharacters } from 'node:util';
import { MAX_CHECK_OUTPUT_BYTES } from '../contract/limits.js';

const HEAD_BYTES = MAX_CHECK_OUTPUT_BYTES / 4;
const TAIL_BYTES = MAX_CHECK_OUTPUT_BYTES - HEAD_BYTES - 100;
/** Colours and the like are taken out at the end: what is kept until then has room for them. */
const KEPT = 4;

export class CheckOutput {
  bytes = 0;
  #head = Buffer.alloc(0);
  #tail = Buffer.alloc(0);

  add(chunk: Buffer): void {
    this.bytes += chunk.length;
    const room = KEPT * HEAD_BYTES - this.#head.length;
    if (room > 0) this.#head = Buffer.concat([this.#head, chunk.subarray(0, room)]);
    const rest = room > 0 ? chunk.subarray(room) : chunk;
    if (rest.length > 0) this.#tail = Buffer.concat([this.#tail, rest]).subarray(-KEPT * TAIL_BYTES);
  }

  /** At most 8 KiB, with a line that says what is missing. */
  text(): string {
    const plain = (part: Buffer) => stripVTControlCharacters(part.toString('utf8'));
    const whole = this.bytes === this.#head.length + this.#tail.length ? Buffer.from(plain(Buffer.concat([this.#head, this.#tail])).trim()) : undefined;
    if (whole && whole.length <= HEAD_BYTES + TAIL_BYTES) return whole.toString('utf8');
    const [head, tail] = whole ? [whole, whole] : [Buffer.from(plain(this.#head).trimStart()), Buffer.from(plain(this.#tail).trimEnd())];
    const [first, last] = [unbroken(head.subarray(0, HEAD_BYTES)), unbroken(tail.subarray(-TAIL_BYTES))];
    return `${first}\n… about ${this.bytes - HEAD_BYTES - TAIL_BYTES} bytes are left out here …\n${last}`;
  }

  /** The last of it, on one line, for whoever watches. */
  lastLine(): string {
    const end = stripVTControlCharacters((this.#tail.length > 0 ? this.#tail : this.#head).subarray(-400).toString('utf8'));
    return end.trim().split(/[\r\n]+/).at(-1) ?? '';
  }
}

/** Without the halves of characters at its ends. */
function unbroken(part: Buffer): string {
  return part.toString('utf8').replace(/^\uFFFD+|\uFFFD+$/g, '');
}
