/**
 * How a brief before a prompt begins and ends. An agent's session has both as one text. The words
 * are frozen, because sessions keep them.
 */
export const BRIEF_BEGINS = 'Note: ';
export const BRIEF_ENDS = '\n\nThe prompt:\n\n';

/** Whether a text is a brief, and this prompt behind it. */
export function isBriefed(text: string, prompt: string): boolean {
  return text.startsWith(BRIEF_BEGINS) && text.endsWith(BRIEF_ENDS + prompt);
}
