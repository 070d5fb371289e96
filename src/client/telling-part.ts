/** What of a long output tells what went wrong: how it began, and much of its end. */
import { stripVTControlCharacters } from 'node:util';

const HEAD_BYTES = 4 * 1024;
const TAIL_BYTES = 28 * 1024;

/** At most 32 KiB and a line that says what is missing; without colours, and no character cut in half. */
export function tellingPart(output: string): string {
  const text = stripVTControlCharacters(output).trim();
  const bytes = Buffer.from(text);
  if (bytes.length <= HEAD_BYTES + TAIL_BYTES) return text;
  const whole = (part: Buffer) => part.toString('utf8').replace(/^\uFFFD+|\uFFFD+$/g, '');
  const left = bytes.length - HEAD_BYTES - TAIL_BYTES;
  return `${whole(bytes.subarray(0, HEAD_BYTES))}\n… ${left} bytes are left out here …\n${whole(bytes.subarray(-TAIL_BYTES))}`;
}
