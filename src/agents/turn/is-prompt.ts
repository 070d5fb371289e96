import { isBriefed } from '../../contract/brief-text.js';
import type { TurnRequest } from '../agent.js';
import { wellFormed } from './well-formed.js';

/**
 * Whether the session has this prompt. Of its brief, only that there is one: a topic that was reset
 * makes the brief of a prompt again, and more files have changed by then. A session of an older
 * release may have characters that are no longer put in.
 */
export function isPrompt(stored: string, { prompt, brief_length = 0 }: TurnRequest): boolean {
  const [has, asked] = [wellFormed(stored), wellFormed(prompt)];
  return has === asked || (brief_length > 0 && isBriefed(has, wellFormed(prompt.slice(brief_length))));
}
