/** Finds compactions without a summary: they run, or a kill, a person or an error ended them. Pure. */
import { lastPromptOf, type StoredAnswer, type StoredMessage } from './turn-state.js';

/**
 * The ids of their messages and partial answers, the newest first. If they stay, OpenCode continues them
 * before the next prompt, and takes the summary for the answer to that prompt.
 */
export function unfinishedIn(messages: StoredMessage[]): string[] {
  const finished = messages.findLastIndex((message) => isAnswer(message) && message.info.finish !== undefined);
  const since = messages.slice(finished + 1);
  const asked = new Set(since.filter(isCompaction).map(({ info }) => info.id));
  const answers = since.filter(isAnswer).filter(({ info }) => asked.has(info.parentID));
  return [...answers.map(({ info }) => info.id), ...asked];
}

/**
 * Whether a compaction that a person asked for may still run, in any OpenCode. OpenCode does not store who
 * asked. Ours are those after the mark.
 */
export function isOpenToOthers(messages: StoredMessage[], mark?: string): boolean {
  const indexOf = (id?: string) => messages.findIndex(({ info }) => info.id === id);
  const open = new Set(unfinishedIn(messages));
  const at = messages.findLastIndex((message) => isOnRequest(message) && open.has(message.info.id));
  const isOver = messages.some(
    (message) => isAnswer(message) && message.info.parentID === messages[at]?.info.id && message.info.error,
  );
  if (at < 0 || isOver || at < indexOf(lastPromptOf(messages))) return false;
  return mark === undefined || (mark !== '' && (indexOf(mark) < 0 || at <= indexOf(mark)));
}

export const isAnswer = (message: StoredMessage): message is StoredAnswer => message.info.role === 'assistant';

/** Whether the message only asks for a compaction. OpenCode or a person has sent it. */
export const isCompaction = ({ info, parts }: StoredMessage) =>
  info.role === 'user' && parts.length > 0 && parts.every(({ type }) => type === 'compaction');

const isOnRequest = (message: StoredMessage) =>
  isCompaction(message) && message.parts.every((part) => part.type === 'compaction' && !part.auto);
