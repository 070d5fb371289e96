/** A topic is remembered across its runs, however they ended, by every sender. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { execa } from 'execa';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { recall } from '../../src/activities/recall.js';
import type { RecallInput } from '../../src/activities/types.js';
import { again } from '../../src/client/send-update.js';
import type { PromptRequest, PromptState, TurnResult } from '../../src/contract/types.js';
import type { TopicView } from '../../src/contract/views.js';
import type { TopicState } from '../../src/contract/state.js';
import { startWorld, type World } from '../support/world.js';

const NEVER_RECALLS = fileURLToPath(new URL('../support/worker-that-never-recalls.ts', import.meta.url));

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.dispose());

let topic: string;
let handle: WorkflowHandle;
beforeEach(() => {
  topic = `t-${randomUUID()}`;
  handle = world.client.workflow.getHandle(`topic/${topic}`);
});

/** As a sender that knows nothing but the wire names. */
async function signal(request: PromptRequest | string, workflow: object = {}): Promise<void> {
  await world.client.workflow.signalWithStart('topicSession', {
    workflowId: `topic/${topic}`,
    taskQueue: 'continuity',
    signal: 'prompt',
    signalArgs: [request],
    ...workflow,
  });
}

const stateOf = (promptId: string) => handle.query<PromptState, [string]>('outcome', promptId);

async function outcomeOf(promptId: string): Promise<TurnResult> {
  for (;;) {
    const state = await stateOf(promptId);
    if (state.state === 'ended' && state.outcome) return state.outcome;
    if (state.state === 'refused') throw new Error(`${promptId}: ${state.error.code} ${state.error.message}`);
    await sleep(30);
  }
}

async function ask(request: PromptRequest & { prompt_id: string }): Promise<TurnResult> {
  await signal(request);
  return outcomeOf(request.prompt_id);
}

/** Where nothing has to be replayed. */
const recallAlone = (input: RecallInput) =>
  recall(input, { stateOfHistory: () => Promise.reject(new Error('not replayed')) });

/** Takes the topic's next task as a worker does that cannot work on it. */
async function failATask(): Promise<void> {
  const { workflowService, options } = world.client;
  const poll = { namespace: options.namespace, taskQueue: { name: 'continuity' }, identity: 'fails' };
  const { taskToken } = await world.client.withDeadline(Date.now() + 60_000, () =>
    workflowService.pollWorkflowTaskQueue(poll),
  );
  await workflowService.respondWorkflowTaskFailed({
    ...{ namespace: options.namespace, taskToken, identity: 'fails' },
    failure: { message: 'It fails.' },
  });
}

const prompt = (prompt_id: string, text: string, more: Partial<PromptRequest> = {}) =>
  ({ prompt: text, ...more, prompt_id }) as PromptRequest & { prompt_id: string };

/** To the first workflow task, as an operator does it. */
async function reset(): Promise<void> {
  const { runId } = await handle.describe();
  await world.client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: `topic/${topic}`, runId },
    workflowTaskFinishEventId: { low: 4, high: 0, unsigned: false } as never,
    reason: 'by an operator',
    requestId: randomUUID(),
  });
}

async function closed(): Promise<void> {
  await handle.executeUpdate('close', { args: [{}] });
  await handle.result();
}

describe('a topic that was closed and is named again', () => {
  test('goes on in its session', async () => {
    const first = await ask(prompt('a', 'one'));
    await closed();
    const second = await ask(prompt('b', 'two'));
    expect(second).toMatchObject({ session: { kind: 'resumed' }, session_id: first.session_id, turn: 2 });
    expect(world.agent.promptsIn(first.session_id ?? '')).toEqual(['one', 'two']);
  });

  test('answers a used prompt_id with the outcome of then, and does not run it again', async () => {
    const first = await ask(prompt('a', 'one'));
    await closed();
    expect(await ask(prompt('a', 'one'))).toEqual(first);
    expect(world.agent.promptsIn(first.session_id ?? '')).toEqual(['one']);
  });

  test.each<[string, Partial<PromptRequest>]>([
    ['another text', { prompt: 'another' }],
    ['a new session', { session: 'new' }],
    ['checks', { checks: [{ run: 'true' }] }],
  ])('refuses a used prompt_id with %s', async (_, said) => {
    const first = await ask(prompt('a', 'one'));
    await closed();
    await signal({ ...prompt('a', 'one'), ...said });
    await expect
      .poll(async () => (await handle.query<TopicView>('view')).refused.map(({ error }) => error.code))
      .toEqual(['PROMPT_ID_REUSED']);
    expect((await stateOf('a')).state).toBe('ended');
    await expect(handle.executeUpdate('prompt', { args: [{ ...prompt('a', 'one'), ...said }] })).rejects.toMatchObject({
      cause: { type: 'PROMPT_ID_REUSED' },
    });
    expect(world.agent.promptsIn(first.session_id ?? '')).toEqual(['one']);
  });

  test('takes a prompt for one of its sessions, and opens a new one on request, under another id', async () => {
    const first = await ask(prompt('a', 'one'));
    await closed();
    const fresh = await ask(prompt('b', 'fresh', { session: 'new' }));
    expect(fresh).toMatchObject({ session: { kind: 'new' }, turn: 2 });
    expect(fresh.session_id).not.toBe(first.session_id);
    await closed();
    expect(await ask(prompt('c', 'back', { session_id: first.session_id! }))).toMatchObject({
      session_id: first.session_id,
    });
  });

  test('and again, and again, at the same cost each time', async () => {
    const first = await ask(prompt('p0', 'one'));
    const events: number[] = [];
    for (let i = 1; i <= 4; i += 1) {
      await closed();
      await ask(prompt(`p${i}`, 'more'));
      await expect.poll(async () => (await handle.query<TopicView>('view')).state).toBe('idle');
      events.push((await handle.describe()).historyLength);
    }
    // A prompt that arrives while the topic recalls costs a workflow task more: three events.
    expect(Math.max(...events) - Math.min(...events)).toBeLessThanOrEqual(6);
    expect(world.agent.promptsIn(first.session_id ?? '')).toHaveLength(5);
  });
});

describe('a run that was ended from outside', () => {
  const ends: [string, string, () => Promise<void>][] = [
    ['TERMINATED', 'terminate', async () => void (await handle.terminate('by an operator'))],
    ['TIMED_OUT', 'a run timeout', async () => void (await handle.result().catch(() => undefined))],
  ];
  test.each(ends)(
    '%s by %s: its sessions and ids are known, what ran is unknown, what was queued is cancelled',
    async (status, _, end) => {
      const timeout = status === 'TIMED_OUT' ? { workflowRunTimeout: '4s' } : {};
      await signal(prompt('a', 'one'), timeout);
      const first = await outcomeOf('a');
      await signal(prompt('runs', '[[hang]] work'));
      await signal(prompt('waits', 'later'));
      await expect.poll(async () => (await handle.query<TopicView>('view')).running?.prompt_id).toBe('runs');
      await end();
      expect((await handle.describe()).status.name).toBe(status);
      const next = await ask(prompt('b', 'two'));
      expect(next).toMatchObject({ session_id: first.session_id, session: { kind: 'resumed' } });
      expect(await outcomeOf('runs')).toMatchObject({
        status: 'failed',
        session_id: first.session_id,
        error: { code: 'OUTCOME_UNKNOWN', message: expect.stringContaining(status) },
      });
      expect(await outcomeOf('waits')).toMatchObject({ status: 'cancelled', turn: 0 });
      expect(await ask(prompt('a', 'one'))).toEqual(first);
      expect(world.agent.promptsIn(first.session_id ?? '').filter((text) => text === 'later')).toEqual([]);
    },
  );

  test('while it recalled: it is not asked what it knew, and the topic goes on as it was before', async () => {
    const first = await ask(prompt('a', 'one'));
    await closed();
    await world.stopWorker();
    const worker = execa(process.execPath, ['--import', 'tsx', NEVER_RECALLS, world.address], { reject: false });
    await signal(prompt('lost', 'two'));
    const lost = await handle.describe();
    // After 8 s, the worker tells the server that the topic's task goes on.
    await expect.poll(async () => (await handle.describe()).historyLength).toBeGreaterThan(5);
    await handle.terminate('by an operator');
    worker.kill('SIGKILL');
    await worker;
    await signal(prompt('b', 'three'));
    // No worker is there that a query could reach.
    const env = new MockActivityEnvironment({}, { client: world.client });
    const { runId } = await handle.describe();
    expect(await env.run(recallAlone, { workflow_id: handle.workflowId, run_id: runId })).toMatchObject({
      status: 'COMPLETED',
      state: { sessions: [{ session_id: first.session_id }] },
    });
    await world.startWorker();
    expect(await outcomeOf('b')).toMatchObject({ session_id: first.session_id, session: { kind: 'resumed' } });
    // Asked of the run that is lost, as its replay does it: the run after it is not asked either.
    await world.stopWorker();
    expect(await env.run(recallAlone, { workflow_id: handle.workflowId, run_id: lost.runId })).toMatchObject({
      status: 'COMPLETED',
    });
    await world.startWorker();
  });

  test('while its tasks failed: no query is answered any more, and its history tells what it knew', async () => {
    const first = await ask(prompt('a', 'one'));
    await world.stopWorker();
    await signal(prompt('cut', 'two'));
    for (let failures = 0; failures < 4; failures += 1) await failATask();
    await handle.terminate('by an operator');
    await world.startWorker();
    await expect(handle.query('state')).rejects.toMatchObject({ cause: { code: 9 } });
    expect(await ask(prompt('b', 'three'))).toMatchObject({
      session_id: first.session_id,
      session: { kind: 'resumed' },
      turn: 2,
    });
    expect(await stateOf('a')).toMatchObject({ state: 'ended', outcome: { reply: first.reply } });
  });

  test('Request Cancellation closes: the caller is answered, the state is the result, and the topic goes on by its name', async () => {
    const first = await ask(prompt('a', 'one'));
    const held = handle.executeUpdate<TurnResult, [PromptRequest]>('prompt', {
      args: [prompt('runs', '[[hang]] work')],
    });
    await expect.poll(async () => (await world.manager.progress(topic))?.step).toBe('reading');
    await signal(prompt('waits', 'later'));
    await handle.cancel();
    expect(await held).toMatchObject({ status: 'cancelled', error: { code: 'CANCELLED' } });
    const state = (await handle.result()) as TopicState;
    expect((await handle.describe()).status.name).toBe('COMPLETED');
    expect(state.outcomes.map(({ prompt_id, status }) => [prompt_id, status])).toEqual([
      ['a', 'completed'],
      ['waits', 'cancelled'],
      ['runs', 'cancelled'],
    ]);
    expect(await ask(prompt('b', 'two'))).toMatchObject({ session_id: first.session_id, session: { kind: 'resumed' } });
  });

  test('a reset to the first workflow task puts nothing in twice, and goes on with what ran and what was queued', async () => {
    const { session_id } = await ask(prompt('a', 'one'));
    const file = join(world.dir, topic);
    await signal('a bare string');
    await expect.poll(async () => (await handle.query<TopicView>('view')).turns).toBe(2);
    await expect.poll(async () => (await handle.query<TopicView>('view')).state).toBe('idle');
    await signal(prompt('runs', `[[until: ${file}]] work`));
    await signal(prompt('waits', 'later'));
    await expect.poll(async () => (await world.manager.progress(topic))?.step).toBe('reading');
    await reset();
    await writeFile(file, '');
    expect(await outcomeOf('runs')).toMatchObject({ status: 'completed', session_id });
    const next = await ask(prompt('b', 'two'));
    expect(next.session_id).toBe(session_id);
    expect(world.agent.promptsIn(session_id ?? '')).toEqual([
      'one',
      'a bare string',
      `[[until: ${file}]] work`,
      'later',
      'two',
    ]);
  });
});

test('a run that was reset, and reset again before a worker took it, ends nothing', async () => {
  const { session_id } = await ask(prompt('a', 'one'));
  const file = join(world.dir, topic);
  await signal(prompt('runs', `[[until: ${file}]] work`));
  await expect.poll(async () => (await world.manager.progress(topic))?.step).toBe('reading');
  await world.stopWorker();
  await reset();
  await reset();
  await writeFile(file, '');
  await world.startWorker();
  expect(await outcomeOf('runs')).toMatchObject({ status: 'completed', session_id });
});

describe('a topic that begins', () => {
  test.each<[string, unknown[]]>([
    ['a state that is none', [{ state: { queue: null } }]],
    [
      'a state with a made-up session',
      [
        {
          state: {
            sessions: [{ session_id: 'ses_evil', pinned: { host: 'h' } }],
            current: 'ses_evil',
            queue: [],
            turns: 0,
            ids: [],
            outcomes: [],
            refused: [],
            closing: false,
          },
        },
      ],
    ],
    ['null', [null]],
    ['text', ['hello']],
    ['a list', [[1, 2]]],
  ])('with %s as its input works, and is a topic of its own', async (_, args) => {
    await signal(prompt('a', 'one'), { args });
    expect(await outcomeOf('a')).toMatchObject({ status: 'completed', session: { kind: 'new' } });
    expect((await handle.query<TopicView>('view')).sessions).toHaveLength(1);
  });

  test('under a name that was forgotten is new: its used ids are free, and its session is another', async () => {
    const first = await ask(prompt('a', 'one'));
    const forgotten = await handle.executeUpdate('forget', { args: [{}] });
    expect(forgotten).toMatchObject({
      sessions: [{ session_id: first.session_id, deleted: false, kept_because: 'it was not asked for' }],
    });
    await handle.result();
    const again = await ask(prompt('a', 'one'));
    expect(again).toMatchObject({ status: 'completed', session: { kind: 'new' }, turn: 1 });
    expect(again.session_id).not.toBe(first.session_id);
  });

  test(
    'keeps a prompt that came while it was being forgotten, for its next life, and forgets once',
    { timeout: 90_000 },
    async () => {
      const first = await ask(prompt('a', 'one'));
      await world.stopWorker();
      await world.startWorker({ host: 'host-2' });
      try {
        await handle.query('view'); // The topic answers from its new worker.
        // The session's host does not answer, so it takes 30 s to learn that the session stays.
        const forgetting = again(() => handle.executeUpdate('forget', { args: [{ sessions: true }] }));
        await expect.poll(async () => (await handle.query<TopicView>('view')).closing).toBe(true);
        await signal(prompt('b', 'two'));
        expect(await forgetting).toMatchObject({
          sessions: [
            {
              session_id: first.session_id,
              deleted: false,
              kept_because: expect.stringContaining('did not answer') as string,
            },
          ],
        });
        const next = await outcomeOf('b');
        expect(next).toMatchObject({ status: 'completed', session: { kind: 'new' }, turn: 1 });
        expect((await stateOf('a')).state).toBe('unknown');
        await closed();
        expect(await ask(prompt('c', 'three'))).toMatchObject({
          session_id: next.session_id,
          session: { kind: 'resumed' },
          turn: 2,
        });
      } finally {
        await world.stopWorker();
        await world.startWorker();
      }
    },
  );

  test('notes a signal of another name that came before a worker was there', async () => {
    await world.stopWorker();
    await signal(prompt('a', 'one'));
    await handle.signal('promt', 'misspelt');
    await world.startWorker();
    await outcomeOf('a');
    expect((await handle.query<TopicView>('view')).refused).toMatchObject([
      { error: { code: 'INVALID_PROMPT', message: expect.stringContaining('"promt"') as string } },
    ]);
  });

  test('takes every prompt that came by signal before a worker was there, in order', async () => {
    await world.stopWorker();
    for (let i = 0; i < 50; i += 1) await signal(prompt(`p${i}`, `n${i}`));
    await world.startWorker();
    const last = await outcomeOf('p49');
    expect(world.agent.promptsIn(last.session_id ?? '')).toEqual(Array.from({ length: 50 }, (_, i) => `n${i}`));
  });
});

describe('end of life', () => {
  test('a topic that was told to closes after a time without work, and goes on by its name', async () => {
    const first = await ask(prompt('a', 'one', { close_after: '1s' }));
    await handle.result();
    expect(await ask(prompt('b', 'two'))).toMatchObject({ session_id: first.session_id, turn: 2 });
  });

  test('work that takes longer than that is not cut short', async () => {
    const file = join(world.dir, topic);
    await ask(prompt('a', 'one', { close_after: '2s' }));
    await signal(prompt('b', `[[until: ${file}]] two`));
    const fired = async () => (await handle.fetchHistory()).events?.some((event) => event.timerFiredEventAttributes);
    await expect.poll(fired).toBe(true);
    expect(await handle.query<TopicView>('view')).toMatchObject({ closing: false, running: { prompt_id: 'b' } });
    await writeFile(file, '');
    expect(await outcomeOf('b')).toMatchObject({ status: 'completed' });
    await handle.result();
  });
});
