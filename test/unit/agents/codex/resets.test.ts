import { expect, test } from 'vitest';
import { untilOf } from '../../../../src/agents/codex/resets.js';
import { parseRollout } from '../../../../src/agents/codex/rollout.js';
import { failed, started } from './records.js';

const at = '2026-11-29T12:00:00.000Z';
const saying = (message: string) => ({
  id: 't1',
  entries: [],
  end: { how: 'failed' as const, message, info: 'usage_limit_exceeded', at },
});
/** As Codex does, in local time. */
const local = (text: string) => new Date(`${text}`).toISOString();

test.each([
  ['You’ve hit your usage limit. Try again at 11:59 PM.', local(`${new Date(at).toDateString()} 23:59:00`), 60],
  ['You’ve hit your usage limit or try again at Dec 1st, 2026 3:05 AM.', local('Dec 1 2026 03:05:00'), 60],
])('%s is the end of that minute, in local time', (message, reset, seconds) => {
  expect(untilOf(saying(message))).toBe(new Date(Date.parse(reset) + seconds * 1000).toISOString());
});

test('a message without a time, and a turn that has not failed, name no reset', () => {
  expect(untilOf(saying('You’ve hit your usage limit. Try again later.'))).toBeUndefined();
  expect(untilOf({ id: 't1', entries: [], end: { how: 'completed' } })).toBeUndefined();
});

test('of the limits that an answer names, those that are used up count, and the later one of two', () => {
  const limits = (primary: object, secondary: object | null) =>
    JSON.stringify({
      timestamp: at,
      type: 'event_msg',
      payload: { type: 'token_count', info: null, rate_limits: { primary, secondary } },
    });
  const resetIn = (...lines: string[]) => {
    const { turns } = parseRollout([started('t1'), ...lines, failed('t1', 'usage_limit_exceeded')].join('\n'));
    return turns[0] && untilOf(turns[0]);
  };
  const full = (resets_at: number) => ({ used_percent: 100, window_minutes: 300, resets_at });
  expect(resetIn(limits(full(1795967969), null))).toBe('2026-11-29T15:59:29.000Z');
  expect(resetIn(limits(full(1795967969), full(1796000000)))).toBe('2026-11-30T00:53:20.000Z');
  expect(resetIn(limits({ ...full(1795967969), used_percent: 40 }, null))).toBeUndefined();
  expect(resetIn(limits(full(1795967969), null), limits({ ...full(1), used_percent: 1 }, null))).toBeUndefined();
});
