/** Says how the place in which a turn worked has changed, for people and models. */
import { shellWord } from '../contract/shell-word.js';
import type { TurnResult } from '../contract/types.js';
import type { Ground } from '../contract/workspace.js';

type Told = Pick<TurnResult, 'shares_directory_with' | 'ground'>;

/** Says where a session with its own work tree works. */
export function worktreeLines({
  topic,
  session,
  workspace,
}: Pick<TurnResult, 'topic' | 'session' | 'workspace'>): string[] {
  if (!workspace) return [];
  const { directory, branch, from, left_out = 0 } = workspace;
  const name = shellWord(topic);
  const without = left_out === 1 ? '1 changed file is' : `${left_out} changed files are`;
  return [
    `It works in ${directory}, on branch ${branch}. To finish: continuity merge ${name}, or continuity discard ${name}.`,
    ...(left_out > 0 && session.kind === 'new'
      ? [`${without} not committed in ${from}, so the work tree does not have ${left_out === 1 ? 'it' : 'them'}.`]
      : []),
  ];
}

/** A sentence each. */
export function workspaceLines({ shares_directory_with: topics, ground }: Told): string[] {
  return [
    ...(ground ? [`The repository moved since the turn before: ${placeOf(ground.was)} → ${placeOf(ground.is)}.`] : []),
    ...(topics ? [`Turns of other topics worked in the same directory meanwhile: ${topics.join(', ')}.`] : []),
  ];
}

/** For a list, e.g. `shared with dashboard`. */
export function workspaceWords({ shares_directory_with: topics, ground }: Told): string | undefined {
  const words = [...(ground ? ['repository moved'] : []), ...(topics ? [`shared with ${topics.join(', ')}`] : [])];
  return words.length > 0 ? words.join(', ') : undefined;
}

function placeOf({ branch, commit }: Ground): string {
  return `${branch ?? 'detached'} at ${commit.slice(0, 10)}`;
}
