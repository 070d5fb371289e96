/** Topics live for months: what an older release wrote, this one must be able to read. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { beforeAll, describe, expect, test } from 'vitest';
import { stateOfHistory } from '../../workers/state-of-history.js';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const histories = readdirSync(path('histories')).filter((name) => name.endsWith('.json'));
const historyOf = (name: string): unknown => JSON.parse(readFileSync(path(`histories/${name}`), 'utf8'));

let bundle: WorkflowBundleWithSourceMap;
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  bundle = await bundleWorkflowCode({
    workflowsPath: path('../../src/workflows/index.ts'),
    payloadConverterPath: path('../../src/contract/payload-converter.ts'),
    logger: new DefaultLogger('ERROR'),
  });
});

/**
 * Under its own id: a run that carries state compares its search attributes with what its id says.
 */
const replay = (name: string, history = historyOf(name)) =>
  Worker.runReplayHistory({ workflowBundle: bundle }, history, `topic/recorded-${name.replace('.json', '')}`);

describe('a topic recorded by an older release goes on in this one:', () => {
  test('there are recorded histories', () => expect(histories.length).toBeGreaterThanOrEqual(10));

  test.each(histories)('%s', async (name) => {
    await replay(name);
  });
});

test('a history that this workflow did not write is noticed', async () => {
  const history = historyOf('new-session-and-follow-up.json') as {
    events: { activityTaskScheduledEventAttributes?: { activityType: { name: string } } }[];
  };
  for (const { activityTaskScheduledEventAttributes: scheduled } of history.events)
    if (scheduled) scheduled.activityType.name = 'another';
  await expect(replay('new-session-and-follow-up.json', history)).rejects.toThrow(/[Nn]ondeterminism/);
});

test('a run whose older worker took a wait for the end of the turn goes on as it was', async () => {
  const ask = { ask_id: 'a', kind: 'permission', text: 'x', takes: ['allow', 'deny'] };
  const waits = { for: 'answer', ask, within_ms: 60_000, worked_ms: 1 };
  const name = 'new-session-and-follow-up.json';
  await replay(name, rewritten(name, /"status":"completed".*"attempts"/, { status: 'failed', waits }));
});

test('a run goes on that an older release began without a ledger, though its upserts would say more now', async () => {
  const usage = { input_tokens: 1, output_tokens: 1, reasoning_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 };
  const name = 'new-session-and-follow-up.json';
  await replay(name, rewritten(name, /"status":"completed".*"attempts"/, { usage: { ...usage, cost_usd: 1 } }));
});

test('a run goes on whose older host made no work tree, though it was asked for one', async () => {
  const name = 'new-session-and-follow-up.json';
  await replay(name, rewritten(name, /"prompt":"Add login endpoint"/, { workspace: { mode: 'worktree' } }));
});

describe('what a topic knew at the end of a history', () => {
  const stateOf = (history: unknown) =>
    stateOfHistory(bundle)('topic/recorded', historyFromJSON(history), new AbortController().signal);

  test('is told by a replay of it', async () => {
    expect(await stateOf(historyOf('new-session-and-follow-up.json'))).toMatchObject({
      state: { turns: 2, sessions: [{ turns: 2 }], queue: [] },
    });
  });

  test.each([32, 25])('is known although the task that wrote event %i cannot be replayed', async (event) => {
    const history = historyOf('new-session-and-follow-up.json') as { events: Record<string, unknown>[] };
    const events = history.events.map(({ upsertWorkflowSearchAttributesEventAttributes: upsert, ...rest }) => ({
      ...rest,
      ...(rest.eventId === String(event)
        ? {
            eventType: 'EVENT_TYPE_TIMER_STARTED',
            timerStartedEventAttributes: { timerId: '1', workflowTaskCompletedEventId: String(event - 1) },
          }
        : upsert !== undefined && { upsertWorkflowSearchAttributesEventAttributes: upsert }),
    }));
    await expect(replay('new-session-and-follow-up.json', { events })).rejects.toThrow(/[Nn]ondeterminism/);
    const { state } = await stateOf({ events });
    expect(state).toMatchObject({ sessions: [{ turns: 2 }], queue: [], outcomes: [{ turn: 1 }, { turn: 2 }] });
    expect(state).not.toHaveProperty('running');
  });

  test('is not known where no task can be replayed, and the reason is told', async () => {
    const history = JSON.stringify(historyOf('new-session-and-follow-up.json')).replaceAll(
      '"openSession"',
      '"another"',
    );
    expect(await stateOf(JSON.parse(history))).toEqual({
      problem: expect.stringMatching(/[Nn]ondeterminism/) as string,
    });
  });

  test('is asked for again where something else broke', async () => {
    const history = historyFromJSON(historyOf('new-session-and-follow-up.json'));
    const signal = AbortSignal.abort(new Error('The worker is shutting down.'));
    await expect(stateOfHistory(bundle)('topic/recorded', history, signal)).rejects.toThrow('shutting down');
    await expect(
      stateOfHistory({ code: 'throw new Error("torn")' })('topic/x', history, new AbortController().signal),
    ).rejects.toThrow();
  });
});

describe('a session that is taken over:', () => {
  const theirs = { session_id: 'ses_theirs', adopt: true };

  test('a run that refused to, because its release did not know how, goes on without it', async () => {
    const name = 'malformed-signals.json';
    const history = rewritten(name, '{"promt":"x"}', { prompt: 'two', prompt_id: 'two', ...theirs });
    await replay(name, history);
  });

  test('the host is asked for it, where a new session would have been opened', async () => {
    const name = 'new-session-and-follow-up.json';
    const history = JSON.stringify(rewritten(name, /"prompt":"Add login endpoint"/, theirs));
    await expect(replay(name, JSON.parse(history))).rejects.toThrow(/[Nn]ondeterminism/);
    await replay(name, JSON.parse(history.replaceAll('"openSession"', '"adoptSession"')));
  });
});

/** The history with more in its first payload that reads so. */
function rewritten(name: string, payload: string | RegExp, more: object): unknown {
  let isDone = false;
  const history = JSON.stringify(historyOf(name)).replace(/"data":"([\w+/=]+)"/g, (whole, data: string) => {
    const text = Buffer.from(data, 'base64').toString();
    if (isDone || (typeof payload === 'string' ? text !== payload : !payload.test(text))) return whole;
    isDone = true;
    const said = { ...(JSON.parse(text) as object), promt: undefined, ...more };
    return `"data":"${Buffer.from(JSON.stringify(said)).toString('base64')}"`;
  });
  expect(isDone).toBe(true);
  return JSON.parse(history);
}
