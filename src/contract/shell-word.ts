/** Quotes for a shell, in the commands that we suggest. Anyone may import this. */

/** One word, in which the shell expands nothing. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) && !word.startsWith('-') ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
