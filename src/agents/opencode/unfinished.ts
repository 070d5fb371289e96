/** Compactions that a kill, a person or an error of the provider has cut off. Pure. */
import type { StoredAnswer, StoredMessage } from './turn-state.js';

/**
 * Their messages, with what they had so far, the last first. OpenCode would take them up again before
 * the next prompt, and then take the summary for the answer to that prompt.
 */
export function unfinishedIn(messages: StoredMessage[]): string[] {
  const finished = messages.findLastIndex((message) => isAnswer(message) && message.info.finish !== undefined);
  const since = messages.slice(finished + 1);
  const asked = new Set(since.filter(isCompaction).map(({ info }) => info.id));
  const answers = since.filter(isAnswer).filter(({ info }) => asked.has(info.parentID));
  return [...answers.map(({ info }) => info.id), ...asked];
}

export const isAnswer = (message: StoredMessage): message is StoredAnswer => message.info.role === 'assistant';

/** Whether OpenCode was asked to compact, and nothing else, by itself or by a person. */
export const isCompaction = ({ info, parts }: StoredMessage) =>
  info.role === 'user' && parts.length > 0 && parts.every(({ type }) => type === 'compaction');
