import { isBriefed } from '../../contract/brief-text.js';
import type { TurnRequest } from '../agent.js';
import { wellFormed } from './well-formed.js';

/**
 * Whether the session has this prompt. The brief before it is not compared, because a topic that was reset
 * makes another one. A session of an older release may have characters that are no longer put in.
 */
export function isPrompt(stored: string, { prompt, brief_length = 0 }: TurnRequest): boolean {
  const [has, own] = [wellFormed(stored), wellFormed(prompt.slice(brief_length))];
  return has === wellFormed(prompt) || has === own || isBriefed(has, own);
}
