/** How long a turn waits for a quota or for its agent. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RunTurnOutput, TurnWaits } from '../../../src/activities/types.js';
import { failure } from '../../../src/contract/failures.js';
import type { RunningPrompt } from '../../../src/contract/state.js';
import type { Usage } from '../../../src/contract/types.js';
import type { Work } from '../../../src/workflows/turn.js';
import { waitOf } from '../../../src/workflows/waiting.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

function turnThatWaits({ patient }: { patient?: true } = {}) {
  const turn = {} as RunningPrompt;
  let worked = 0;
  return {
    /** The next try fails as well, after a minute and more. How long it waits then, in minutes. */
    refused: (waits: Partial<TurnWaits> = {}, said = 0): number | undefined => {
      worked += 70_000;
      turn.worked_ms = worked;
      const ended = {
        status: 'failed',
        reply: '',
        attempts: 1,
        error: failure('AGENT_RATE_LIMITED', 'No.'),
        usage: { output_tokens: said } as Usage,
        waits: { for: 'quota', most_ms: 12 * HOUR, worked_ms: worked, ...waits } as TurnWaits,
      } satisfies RunTurnOutput;
      const waiting = waitOf({ turn, prompt: { patient } } as Work, ended);
      if (!waiting) return undefined;
      const ms = Date.parse(waiting.until) - Date.now();
      vi.setSystemTime(Date.parse(waiting.until));
      return ms / MINUTE;
    },
  };
}

test('the pauses double up to a bound, and the wait ends, however long each try takes', () => {
  const { refused } = turnThatWaits();
  const pauses = Array.from({ length: 12 }, () => refused());
  expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 150, 150, 150, undefined]);
});

test('a turn whose model has answered since begins anew', () => {
  const { refused } = turnThatWaits();
  expect([refused({}, 10), refused({}, 10), refused({}, 11), refused({}, 11)]).toEqual([1, 2, 1, 2]);
});

test('a reset that is named is waited for; one that is over is none; one that is too far ends the turn', () => {
  const { refused } = turnThatWaits();
  const inHours = (hours: number) => ({ until: new Date(Date.now() + hours * HOUR).toISOString() });
  expect(refused(inHours(5))).toBeCloseTo(300, 0);
  expect(refused(inHours(-1))).toBe(2);
  expect(refused(inHours(8))).toBeUndefined();
});

test('only a patient prompt waits for its agent', () => {
  expect(turnThatWaits().refused({ for: 'agent' })).toBeUndefined();
  expect(turnThatWaits({ patient: true }).refused({ for: 'agent' })).toBe(1);
});
