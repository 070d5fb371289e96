/**
 * What a turn has launched in the background, such as a workflow. Claude Code waits for it before
 * it ends, and tells the model of its end with a message that starts another answer. A Claude Code
 * that was killed tells it when the session is resumed (2.1.331). Pure.
 */
import { isObject } from '../../contract/is-object.js';
import { isNudge } from './ids.js';
import { textOf, type Row } from './rows.js';

/** How many of them have not reported. What was launched before a message of ours is gone. */
export function openTasksIn(turn: Row[]): number {
  const since = turn.slice(turn.findLastIndex(({ uuid }) => isNudge(uuid)) + 1);
  const told = since.filter(isNotification).map(textOf);
  const launched = since.flatMap(({ toolUseResult }) => launchedIn(toolUseResult) ?? []);
  return launched.filter((id) => !told.some((text) => text.includes(id))).length;
}

/** The rows after the model was last told of what ended in the background. */
export const sinceNotified = (turn: Row[]) => turn.slice(turn.findLastIndex(isNotification) + 1);

/** The id of the task. A monitor of a command has another status: it is watched, and no work. */
function launchedIn(result: unknown): string | undefined {
  if (!isObject(result) || !('status' in result) || result.status !== 'async_launched') return undefined;
  return 'taskId' in result && typeof result.taskId === 'string' ? result.taskId : undefined;
}

const isNotification = ({ type, origin }: Row) =>
  type === 'user' && isObject(origin) && 'kind' in origin && origin.kind === 'task-notification';
