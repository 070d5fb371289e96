/**
 * Derives the ids of prompts in Codex's store (`clientUserMessageId`) from ours. Codex stores such
 * an id, and accepts the same one twice.
 */
import { createHash } from 'node:crypto';
import type { PromptId } from '../../contract/ids.js';
import type { SessionRef } from '../agent.js';
import type { PromptKey } from '../driver.js';

const OURS = 'cty_';

export function keyOf({ session_id }: Pick<SessionRef, 'session_id'>, prompt: PromptId): PromptKey {
  return (OURS + digestOf(JSON.stringify(['message', session_id, prompt])).slice(0, 32)) as PromptKey;
}

/** The digest of the text's UTF-8, which is what Codex stores. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Whether we put the input in, and not a person. */
export function isOurs(id: string | undefined): id is PromptKey {
  return id?.startsWith(OURS) ?? false;
}
