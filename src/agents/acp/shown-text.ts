/** Text of an agent, as it is shown to a person who decides something: pure. */

/** What an ask shows. */
export const MAX_SHOWN = 2_000;

const LINE_END = /\r\n?|[\n\u2028\u2029]/g;
/** Control characters, and those that turn the direction of a text: both can hide a part of it. */
const HIDES = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const LEFT_OUT = ' … ';

/** On one line, at most `most` characters. Where it is longer, its middle is left out. */
export function shown(text: string, most = MAX_SHOWN): string {
  if (text.length <= most) return cut(plain(text), most);
  // A megabyte is not looked at for what is not shown.
  return cut(`${plain(text.slice(0, most))}${LEFT_OUT}${plain(text.slice(-most))}`, most);
}

function plain(text: string): string {
  const oneLine = text.trim().replace(LINE_END, ' ⏎ ').replaceAll('\t', ' ').replace(HIDES, '\uFFFD');
  return wellFormed(oneLine);
}

/** A command can do its harm at its end, so that is shown, too. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const tail = Math.floor((most - LEFT_OUT.length) / 3);
  const head = most - LEFT_OUT.length - tail;
  return `${wellFormed(text.slice(0, head))}${LEFT_OUT}${wellFormed(text.slice(-tail))}`;
}

/** Half of a surrogate pair becomes U+FFFD. */
const wellFormed = (text: string) => Buffer.from(text).toString();
