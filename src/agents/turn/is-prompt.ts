import { isBriefed } from '../../contract/brief-text.js';
import type { TurnRequest } from '../agent.js';

/**
 * Whether the session has this prompt. Of its brief, only that there is one: a topic that was reset
 * makes the brief of a prompt again, and more files have changed by then.
 */
export function isPrompt(stored: string, { prompt, brief_length = 0 }: TurnRequest): boolean {
  const [has, asked] = [asStored(stored), asStored(prompt)];
  return has === asked || (brief_length > 0 && isBriefed(has, asStored(prompt.slice(brief_length))));
}

/** Agents store UTF-8, which replaces half of a surrogate pair. */
const asStored = (text: string) => Buffer.from(text).toString();
