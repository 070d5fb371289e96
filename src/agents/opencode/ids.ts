/**
 * Derives OpenCode's ids from ours. The same prompt in the same session has the same message id for
 * ever, so it is found again after a crash without any other record. OpenCode 1.18.33 orders
 * messages by their time of creation; ids only break ties.
 */
import { createHash } from 'node:crypto';
import type { PromptId, SessionId } from '../../contract/ids.js';

const OURS = 'msg_cty';

const digest = (...facts: string[]) => createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 32);

export function sessionIdOf(seed: string): SessionId {
  return `ses_cty${digest('session', seed)}` as SessionId;
}

/**
 * The session is part of the id. Message ids are unique in the whole store, and the prompt of a
 * lost session may be asked again in another one.
 */
export function messageIdOf(session: SessionId, prompt: PromptId): string {
  return OURS + digest('message', session, prompt);
}

export function partIdOf(messageId: string): string {
  return `prt_cty${digest('part', messageId)}`;
}

/** Whether we put the message in, and not a person. */
export function isOurs(messageId: string): boolean {
  return messageId.startsWith(OURS);
}
