import { expect, test } from 'vitest';
import { findingsOf } from '../../../src/cli/doctor/cache.js';
import { coldSessionsIn } from '../../../src/client/cold-turns.js';
import type { SessionId } from '../../../src/contract/ids.js';
import type { TurnResult } from '../../../src/contract/types.js';
import type { TopicView } from '../../../src/contract/views.js';

const NOON = Date.parse('2026-11-30T12:00:00Z');
const SESSION = 'ses_1' as SessionId;

/** A turn of a minute. `after`: minutes since the one before. */
function turn(n: number, read: number, input: number, more: Partial<TurnResult> = {}, after = 1): TurnResult {
  return {
    ...{ topic: 'auth', prompt_id: `p-${n}`, session_id: SESSION, status: 'completed', reply: '', attempts: 1 },
    ...{ agent: 'opencode', model: 'anthropic/one', session: { kind: n === 1 ? 'new' : 'resumed' }, turn: n },
    ...{ started_at: new Date(NOON + n * (1 + after) * 60_000).toISOString(), duration_ms: 60_000 },
    usage: {
      ...{ input_tokens: input - read, output_tokens: 10, reasoning_tokens: 0 },
      ...{ cache_read_tokens: read, cache_write_tokens: 0 },
    },
    ...more,
  } as TurnResult;
}

const viewOf = (outcomes: TurnResult[], kind = 'opencode') =>
  ({
    ...{ topic: 'auth', outcomes },
    sessions: [{ session_id: SESSION, pinned: { agent: 'opencode', kind, model: 'anthropic/one' } }],
  }) as unknown as TopicView;

/** Its agent has read from the cache before, so that it is known to report it. */
const WARM = [turn(1, 0, 20_000), turn(2, 18_000, 20_000)];
const COLD = [...WARM, turn(3, 200, 20_000), turn(4, 0, 22_000)];

test('two follow-ups in a row that came within minutes and read nothing from the cache are named', () => {
  expect(coldSessionsIn([viewOf(COLD)])).toEqual([
    {
      ...{ topic: 'auth', session: SESSION, agent: 'opencode', kind: 'opencode', model: 'anthropic/one' },
      ...{ turns: [3, 4], input: 42_000, share: 200 / 42_000 },
    },
  ]);
});

const other = { session: { kind: 'resumed', changed: { category: 'quick' } } } as const;

test.each<[string, TurnResult[]]>([
  ['one alone', COLD.slice(0, 3)],
  ['those after which one was warm', [...COLD, turn(5, 18_000, 20_000)]],
  ['later ones, when the cache has lapsed', [...WARM, turn(3, 0, 20_000, {}, 6), turn(4, 0, 20_000, {}, 6)]],
  ['small ones', [...WARM, turn(3, 0, 9_000), turn(4, 0, 9_000)]],
  ['those of an agent that reports no cache', [1, 2, 3, 4].map((n) => turn(n, 0, 20_000))],
  ['those with another model', [...WARM, turn(3, 0, 20_000, { model: 'b' }), turn(4, 0, 20_000, { model: 'c' })]],
  ['those that changed the instructions', [...WARM, turn(3, 0, 20_000, other), turn(4, 0, 20_000, other)]],
  ['those whose agent compacted', [...WARM, turn(3, 0, 20_000, { compacted: 1 }), turn(4, 0, 20_000)]],
  ['those that did not report what they used', [...WARM, ...COLD.slice(2).map(({ usage: _, ...rest }) => rest)]],
])('not %s', (_what, outcomes) => {
  expect(coldSessionsIn([viewOf(outcomes)])).toEqual([]);
});

test('doctor says which topic, agent and version, what share, and what to look for', () => {
  const [found, ...others] = findingsOf([viewOf(COLD, 'claude-code')], { opencode: '1.18.33' });
  expect(others).toEqual([]);
  expect(found).toMatchObject({ check: 'prompt cache', ok: true });
  expect(found?.note).toMatch(
    /turns 3, 4 of topic auth \(opencode 1\.18\.33 with anthropic\/one\) .* read 0 % of their 42,000 tokens .* Look for/,
  );
});

test('doctor says what OpenCode breaks by itself, where a topic has it, and nothing where there is no topic', () => {
  expect(findingsOf([viewOf(WARM)], {})).toEqual([
    {
      ...{ check: 'prompt cache', ok: true, detail: 'no session misses it, 1 topic looked at' },
      note: expect.stringContaining('after midnight') as string,
    },
  ]);
  expect(findingsOf([viewOf(WARM, 'codex')], {})).toEqual([
    { check: 'prompt cache', ok: true, detail: 'no session misses it, 1 topic looked at' },
  ]);
  expect(findingsOf([], {})).toEqual([]);
});
