/**
 * Estimates tokens without a tokenizer, and never too low. Clients limit the answer of a tool in tokens of
 * their model, and each model has its own tokenizer. test/unit/mcp/tokens.test.ts compares the estimate
 * with two real tokenizers.
 */

/** Claude Code takes 25,000 tokens from a tool, by default. */
export const MOST_TOKENS = 20_000;
/** OpenCode shows a model 50 KiB and 2,000 lines of an answer, and puts the rest into a file. */
const MOST_BYTES = 48 * 1024;
const MOST_LINES = 1_900;

/** What a text may take. */
export interface Room {
  tokens: number;
  bytes: number;
  lines: number;
}

export const WHOLE_ANSWER: Readonly<Room> = { tokens: MOST_TOKENS, bytes: MOST_BYTES, lines: MOST_LINES };

export function roomOf(text: string): Room {
  const taken = noRoom();
  measured(text, 0, () => false, taken);
  return taken;
}

/** The end of the longest part that begins at `from` and fits. Never splits a surrogate pair. */
export function endWithin(text: string, from: number, most: Room): number {
  const isFull = ({ tokens, bytes, lines }: Room) => tokens > most.tokens || bytes > most.bytes || lines > most.lines;
  return measured(text, from, isFull, noRoom());
}

/** A space at the end is a token of its own. */
const noRoom = (): Room => ({ tokens: 1, bytes: 0, lines: 0 });

function measured(text: string, from: number, isFull: (taken: Room) => boolean, taken: Room): number {
  let before = '';
  let repeats = 0;
  for (let at = from; at < text.length;) {
    const point = text.codePointAt(at)!;
    const character = String.fromCodePoint(point);
    repeats = character === before ? repeats + 1 : 0;
    taken.tokens += tokensOf(point, kindOf(before), repeats);
    taken.bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (character === '\n') taken.lines += 1;
    if (isFull(taken)) return at;
    at += character.length;
    before = character;
  }
  return text.length;
}

type Kind = 'vowel' | 'consonant' | 'upper' | 'digit' | 'space' | 'other';

function kindOf(character: string): Kind {
  if (character === '' || character === ' ' || character === '\n' || character === '\t') return 'space';
  if (character >= 'a' && character <= 'z') return 'aeiouy'.includes(character) ? 'vowel' : 'consonant';
  if (character >= 'A' && character <= 'Z') return 'upper';
  return character >= '0' && character <= '9' ? 'digit' : 'other';
}

/** A tokenizer that works on bytes has never more tokens than bytes. */
function tokensOf(point: number, before: Kind, repeats: number): number {
  if (point >= 0x80) return beyondAscii(point);
  switch (kindOf(String.fromCharCode(point))) {
    case 'vowel':
      return isLetter(before) ? 0.25 : 1;
    // Random letters have more tokens than words, and more consonants in a row.
    case 'consonant':
      return before === 'vowel' ? 0.25 : isLetter(before) ? 0.8 : 1;
    case 'upper':
      return before === 'upper' ? 0.65 : 1;
    case 'digit':
      return before === 'digit' ? 0.5 : 1;
    case 'space':
      // One space belongs to the word behind it. Several are one token.
      return point === 0x20 ? (repeats === 1 ? 1 : repeats > 1 ? 0.1 : 0) : 1;
    case 'other':
      return repeats > 1 ? 0.3 : 1;
  }
}

const isLetter = (kind: Kind) => kind === 'vowel' || kind === 'consonant' || kind === 'upper';

/** Chinese, Japanese and Korean have tokens for what is frequent. A rare script has one for each byte. */
function beyondAscii(point: number): number {
  if (point < 0x800) return 1.25;
  if (point >= 0x3000 && point < 0xd800) return 1.5;
  if (point >= 0x10000) return 4;
  return point >= 0x0900 && point < 0x0e80 ? 2 : 3;
}
