/** What happened to the place in which a turn worked, in words for people and models. */
import type { TurnResult } from '../contract/types.js';
import type { Ground } from '../contract/workspace.js';

type Told = Pick<TurnResult, 'shares_directory_with' | 'ground'>;

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
