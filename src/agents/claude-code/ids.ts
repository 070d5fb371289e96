/**
 * Derives Claude Code's ids from ours. The same prompt in the same session has the same message
 * uuid for ever, so it is found again after a crash without any other record. UUIDs of version 8
 * are for such ids. A prefix marks a message as ours.
 */
import { createHash } from 'node:crypto';
import type { PromptId, SessionId } from '../../contract/ids.js';
import type { PromptKey } from '../driver.js';

const PROMPT = 'c0171d00';
const NUDGE = 'c0171d01';
const COMPACTION = 'c0171d02';

const digest = (...facts: string[]) => createHash('sha256').update(JSON.stringify(facts)).digest('hex');

/** A UUID from hexadecimal digits. `first` replaces the first 8 of them. */
function uuidOf(hex: string, first = hex.slice(0, 8)): string {
  return [first, hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}

export function sessionIdOf(seed: string): SessionId {
  return uuidOf(digest('session', seed)) as SessionId;
}

/**
 * The session is part of the id, because the prompt of a lost session may be asked again in another
 * one.
 */
export function keyOf(session: SessionId, prompt: PromptId): PromptKey {
  return uuidOf(digest('message', session, prompt), PROMPT) as PromptKey;
}

/** The id of the message that makes the agent continue a turn when nothing else does. */
export function nudgeIdOf(key: PromptKey, count: number): string {
  return uuidOf(digest('nudge', key, String(count)), NUDGE);
}

/** The id of the message that makes the agent compact before the prompt. */
export function compactionIdOf(key: PromptKey, attempt: number): PromptKey {
  return uuidOf(digest('compaction', key, String(attempt)), COMPACTION) as PromptKey;
}

/** Whether we put the message in as a prompt, and not a person. */
export const isOurs = (uuid: string) => uuid.startsWith(`${PROMPT}-`);
export const isCompaction = (uuid: string) => uuid.startsWith(`${COMPACTION}-`);
export const isNudge = (uuid: string) => uuid.startsWith(`${NUDGE}-`);

/** `--resume` takes any other text as the title of a session. */
export const isSessionId = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
