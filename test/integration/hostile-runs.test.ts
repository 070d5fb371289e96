/**
 * Whatever earlier runs of a topic's id were, and however activities were ended from outside: the
 * topic goes on where it was.
 */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { WorkflowHandle } from '@temporalio/client';
import type { PromptState } from '../../src/contract/types.js';
import type { TopicView } from '../../src/contract/views.js';
import { startWorld, type World } from '../support/world.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const raw = (data: string, encoding = 'json/plain') => ({ metadata: { encoding: bytes(encoding) }, data: bytes(data) });

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.dispose());

let topic: string;
let workflowId: string;
let handle: WorkflowHandle;
beforeEach(() => {
  topic = randomUUID();
  workflowId = `topic/${topic}`;
  handle = world.client.workflow.getHandle(workflowId);
});

async function signal(prompt_id: string, more: object = {}): Promise<void> {
  await world.client.workflow.signalWithStart('topicSession', {
    workflowId,
    taskQueue: 'continuity',
    signal: 'prompt',
    signalArgs: [{ prompt: prompt_id, prompt_id }],
    ...more,
  });
}

const stateOf = (id: string) => handle.query<PromptState, [string]>('outcome', id);

/** A query that no worker can answer yet fails. */
async function outcomeOf(id: string) {
  await expect
    .poll(() =>
      stateOf(id).then(
        ({ state }) => state,
        () => 'no answer',
      ),
    )
    .toBe('ended');
  const state = await stateOf(id);
  return state.state === 'ended' ? state.outcome : undefined;
}

/** The session of a topic that was then closed. */
async function closedTopic(): Promise<string> {
  await signal('one');
  const session = (await outcomeOf('one'))?.session_id;
  await handle.executeUpdate('close', { args: [{}] });
  await handle.result();
  return `${session}`;
}

describe('a topic is recalled beyond', () => {
  test('a run that was terminated before any worker took it', async () => {
    const session = await closedTopic();
    await world.stopWorker();
    await signal('gone');
    await handle.terminate('by an operator');
    await signal('two');
    await world.startWorker();
    expect(await outcomeOf('two')).toMatchObject({ session_id: session, session: { kind: 'resumed' } });
    expect(world.agent.promptsIn(session)).toEqual(['one', 'two']);
  });

  test('a run on a task queue that no worker takes', async () => {
    const session = await closedTopic();
    await signal('gone', { taskQueue: 'continuty' });
    await handle.terminate('by an operator');
    await signal('two');
    expect(await outcomeOf('two')).toMatchObject({ session_id: session, session: { kind: 'resumed' } });
  });

  test.each(['elsewhere', 'continuity'])('a workflow of another type under its id, on queue %s', async (taskQueue) => {
    const session = await closedTopic();
    await world.client.workflow.start('other', { workflowId, taskQueue });
    await handle.terminate('by an operator');
    await signal('two');
    expect(await outcomeOf('two')).toMatchObject({ session_id: session, session: { kind: 'resumed' } });
  });

  test('runs whose memo cannot be read, and so it is described and listed', async () => {
    const session = await closedTopic();
    const start = {
      namespace: 'default',
      workflowId,
      workflowType: { name: 'topicSession' },
      taskQueue: { name: 'continuity' },
      memo: { fields: { note: raw('{nonsense') } },
    };
    await world.client.workflowService.startWorkflowExecution({ ...start, requestId: randomUUID() });
    expect(await world.manager.delegate(topic, 'two', { session_id: session })).toMatchObject({
      status: 'completed',
      session_id: session,
    });
    const listed: string[] = [];
    for await (const one of world.manager.list()) listed.push(one.topic);
    expect(listed).toContain(topic);
  });

  test('a run that a cron schedule follows', async () => {
    await signal('one', { cronSchedule: '@every 1s' });
    const first = await outcomeOf('one');
    const { runId } = await handle.describe();
    await handle.executeUpdate('close', { args: [{}] });
    await expect.poll(async () => (await handle.describe()).runId).not.toBe(runId);
    await signal('two');
    expect(await outcomeOf('two')).toMatchObject({ session_id: first?.session_id, session: { kind: 'resumed' } });
  });
});

test('who waits for a prompt of a run that was terminated before any worker took it is told so', async () => {
  await world.stopWorker();
  await signal('gone');
  const waiting = world.manager.wait(topic, 'gone');
  waiting.catch(() => undefined); // Looked at below.
  await handle.terminate('by an operator');
  await world.startWorker();
  await expect(waiting).rejects.toMatchObject({
    code: 'OUTCOME_UNKNOWN',
    message: expect.stringContaining('ended from outside (TERMINATED)') as string,
  });
});

test('a run that a retry policy starts again takes no state that a sender made up', async () => {
  const pinned = { host: 'host-1', agent: 'fake', cwd: '/', project: '/' };
  const state = {
    sessions: [{ session_id: 'ses_evil', pinned }],
    current: 'ses_evil',
    queue: [],
    turns: 0,
    ids: [],
    outcomes: [],
    refused: [],
    closing: false,
  };
  const retry = { initialInterval: '10ms', maximumAttempts: 2 } as const;
  const { firstExecutionRunId } = await world.client.workflow.start('topicSession', {
    workflowId,
    taskQueue: 'continuity',
    args: [{ state }],
    workflowRunTimeout: '3s',
    retry,
  });
  await expect.poll(async () => (await handle.describe()).runId).not.toBe(firstExecutionRunId);
  await expect
    .poll(() =>
      handle.query<TopicView>('view').then(
        ({ sessions }) => sessions,
        () => 'no answer',
      ),
    )
    .toEqual([]);
});

describe('runTurn ended from outside', () => {
  const ends: [string, object, object][] = [
    [
      'a usage of text',
      { status: 'completed', reply: 'x', usage: { cost_usd: 'much' } },
      { status: 'completed', reply: 'x' },
    ],
    [
      'a failure of text',
      { status: 'failed', reply: '', error: 'x' },
      { status: 'failed', error: { code: 'OUTCOME_UNKNOWN' } },
    ],
    [
      'half a failure',
      { status: 'failed', reply: '', error: { code: 'AGENT_AUTH' } },
      { status: 'failed', error: { code: 'AGENT_AUTH' } },
    ],
  ];
  async function atWork() {
    await world.manager.delegate(topic, 'one');
    const gate = join(world.dir, topic);
    await world.manager.submit(topic, `[[until: ${gate}]] two`, { prompt_id: 'two' });
    await expect.poll(async () => (await world.manager.progress(topic))?.step).toBe('reading');
    const { pendingActivities } = (await handle.describe()).raw;
    const turn = { namespace: 'default', workflowId, activityId: pendingActivities?.[0]?.activityId ?? '' };
    return { turn, letGo: () => writeFile(gate, '') };
  }

  test.each(ends)('with %s wedges no topic', async (_, result, outcome) => {
    const { turn, letGo } = await atWork();
    await world.client.workflowService.respondActivityTaskCompletedById({
      ...turn,
      result: { payloads: [raw(JSON.stringify(result))] },
    });
    expect(await outcomeOf('two')).toMatchObject(outcome);
    await letGo();
    expect(await world.manager.delegate(topic, 'three')).toMatchObject({ status: 'completed' });
  });

  test('as failed, with details that are no failure, wedges no topic', async () => {
    const { turn, letGo } = await atWork();
    const details = { payloads: [raw('{"code":"AGENT_AUTH","message":null,"fix":7}')] };
    await world.client.workflowService.respondActivityTaskFailedById({
      ...turn,
      failure: { applicationFailureInfo: { type: 'AGENT_AUTH', nonRetryable: true, details } },
    });
    expect(await outcomeOf('two')).toMatchObject({ status: 'failed', error: { code: 'AGENT_AUTH' } });
    await letGo();
    expect(await world.manager.delegate(topic, 'three')).toMatchObject({ status: 'completed' });
  });
});

test(
  'a prompt that comes by signal and again by update while its topic is forgotten is answered',
  { timeout: 120_000 },
  async () => {
    await world.manager.delegate(topic, 'one');
    await world.stopWorker();
    await world.startWorker({ host: 'host-2' });
    await handle.query('view'); // The topic answers from its new worker.
    // The session's host does not answer, so forgetting takes 30 s.
    const forget = (): Promise<unknown> => handle.executeUpdate('forget', { args: [{ sessions: true }] });
    // The server may still give the first task to the worker that has just ended, and then rejects.
    const forgetting = forget().catch((error: Error) => {
      if (!/wasn't processed by worker/.test(String(error.cause))) throw error;
      return forget();
    });
    await expect.poll(async () => (await handle.query<TopicView>('view')).closing).toBe(true);
    const request = { prompt: 'two', prompt_id: 'two' };
    await handle.signal('prompt', request);
    const held = handle.executeUpdate('prompt', { args: [request] });
    const [forgotten, answered] = await Promise.all([forgetting, held]);
    expect(forgotten).toMatchObject({ sessions: [{ deleted: false }] });
    expect(answered).toMatchObject({ prompt_id: 'two' });
    expect(await outcomeOf('two')).toMatchObject({ status: 'completed', session: { kind: 'new' } });
  },
);
