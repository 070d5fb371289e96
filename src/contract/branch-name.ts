/** Names a git branch for a topic. Anyone may import this. */
import { digestOf, utf8Length } from './text.js';

const MAX_NAME_BYTES = 120;
/** The characters that git takes anywhere in a name. Not the slash, which would make one branch the folder of another. */
const PLAIN = /[\p{L}\p{N}_+=-]/u;

/**
 * Two topics never have one branch. A character that git refuses becomes `%XX`. A long name ends with `%-`
 * and a digest.
 */
export function branchOf(topic: string): string {
  const characters = [...topic];
  const name = characters
    .map((character, at) => (PLAIN.test(character) || isInnerDot(characters, at) ? character : escaped(character)))
    .join('');
  if (utf8Length(name) <= MAX_NAME_BYTES) return `continuity/${name}`;
  const head = name.replace(/[^\w+=-]/g, '').slice(0, 40);
  return `continuity/${head}%-${digestOf(topic).slice(0, 24)}`;
}

/** git refuses a dot at either end, two dots in a row, and `.lock` at the end. */
function isInnerDot(characters: string[], at: number): boolean {
  if (characters[at] !== '.' || at === 0 || at === characters.length - 1) return false;
  if (characters[at - 1] === '.' || characters[at + 1] === '.') return false;
  return characters.slice(at).join('') !== '.lock';
}

function escaped(character: string): string {
  return [...new TextEncoder().encode(character)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}
