/** The text on one line, without control characters, cut to `length` characters. */
export function oneLine(text: string, length = 80): string {
  const flat = text.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
  return flat.length > length ? `${flat.slice(0, length - 1)}…` : flat;
}
