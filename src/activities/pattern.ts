/**
 * Patterns of the config, in which `*` stands for text. No regular expression is made of one:
 * with three of them, a text of 4 KB that an agent asks about would hold the worker up for minutes.
 */

/**
 * With these a shell starts another command or writes a file, and a driver shows the end of a line (⏎)
 * or that a part is left out (…).
 */
const ENDS_A_COMMAND = /[;&|<>$`\\\n\r(){}⏎…]/;

/** `*` matches anything within one simple command. */
export function matchesOneCommand(pattern: string, run: string): boolean {
  return matches(pattern, run, (between) => !ENDS_A_COMMAND.test(between));
}

/** `*` matches anything. */
export function matchesText(pattern: string, text: string): boolean {
  return matches(pattern, text, () => true);
}

/**
 * Takes each part of the pattern where it comes first. A later place never matches more: what a `*`
 * may not stand for is then in front of that place, or behind both.
 */
function matches(pattern: string, text: string, mayBeBetween: (between: string) => boolean): boolean {
  const [first = '', ...parts] = pattern.split(/\*+/);
  const last = parts.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of parts) {
    const next = text.indexOf(part, at);
    if (next < 0 || !mayBeBetween(text.slice(at, next))) return false;
    at = next + part.length;
  }
  const end = text.length - last.length;
  return end >= at && text.endsWith(last) && mayBeBetween(text.slice(at, end));
}
