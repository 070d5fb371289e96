/** What a turn has left running, in words. */
import type { TurnResult } from '../../contract/types.js';
import { count, oneLine } from './words.js';

export function leftBehindLines({ left_behind = [] }: Pick<TurnResult, 'left_behind'>): string[] {
  return left_behind.map(
    ({ pid, command, since, ended }) =>
      `${ended ? 'ended, it was' : 'still'} running since ${since}: ${oneLine(command, 120)} (process ${pid})`,
  );
}

/** e.g. `left 2 processes running` */
export function leftBehindWords({ left_behind = [] }: Pick<TurnResult, 'left_behind'>): string | undefined {
  const running = left_behind.filter(({ ended }) => !ended).length;
  return running > 0 ? `left ${count(running, 'process', 'processes')} running` : undefined;
}
