/**
 * A rolling deploy: for a while, workers of two releases take the tasks of the same topics, and the
 * older one cannot replay what the newer one wrote.
 */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NativeConnection, Worker, type WorkflowBundle } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createActivities } from '../../src/activities/index.js';
import { CONTINUITY, hostQueueOf } from '../../src/contract/messages.js';
import { buildIdOf, loadWorkflows } from '../../workers/compose.js';
import { stateOfHistory } from '../../workers/state-of-history.js';
import { unstickTopics } from '../../workers/unstick.js';
import { toldIn } from '../support/told.js';
import { startWorld, type World } from '../support/world.js';

const TOPICS = 3;
const PROMPTS = 8;

let world: World;
beforeAll(async () => {
  world = await startWorld({ worker: false });
});
afterAll(() => world?.dispose());

/** As a release that does not know the newest change of the workflow's commands. */
function older({ code }: WorkflowBundle): WorkflowBundle {
  const without = code.replace(/[\w.]*patched\(CURRENT\)/, 'false');
  expect(without).not.toBe(code);
  return { code: without };
}

/** As a release that knows no `notify`, and so not its marker. */
function withoutNotices({ code }: WorkflowBundle): WorkflowBundle {
  const without = code.replaceAll('prompts-notify', 'prompts-of-long-ago');
  expect(without).not.toBe(code);
  return { code: without };
}

/**
 * It keeps no topic in its cache, so that each task of a topic goes to one build or to the other.
 */
async function startBuild(
  workflows: WorkflowBundle,
  logs: string[],
  { knowsWorkspaces = true } = {},
): Promise<() => Promise<void>> {
  const { agent, config, address } = world;
  const {
    openSession: open,
    recall,
    ...onThisHost
  } = createActivities({
    config,
    agents: new Map([['fake', agent]]),
    host: 'host-1',
    log: () => undefined,
    projectOf: (cwd) => Promise.resolve(cwd),
    defaultAgent: () => Promise.resolve('fake'),
    isCheckProof: () => Promise.resolve(true),
    stateOfHistory: stateOfHistory(workflows),
  });
  const openSession: typeof open = ({ workspace, ...input }) =>
    open({ ...input, ...(knowsWorkspaces && workspace && { workspace }) });
  const buildId = buildIdOf(workflows);
  const connection = await NativeConnection.connect({ address });
  const topics = await Worker.create({
    connection,
    taskQueue: CONTINUITY,
    workflowBundle: workflows,
    buildId,
    identity: buildId,
    maxCachedWorkflows: 0,
    activities: { openSession, recall },
  });
  const turns = await Worker.create({
    connection,
    taskQueue: hostQueueOf('host-1'),
    activities: { openSession, ...onThisHost },
  });
  const over = new AbortController();
  const log = (message: string) => logs.push(message);
  const unsticking = unstickTopics({
    connection,
    namespace: 'default',
    buildId,
    log,
    signal: over.signal,
    everyMs: 100,
  });
  const runs = [topics.run(), turns.run(), unsticking];
  return async () => {
    over.abort();
    for (const one of [topics, turns]) one.shutdown();
    await Promise.all(runs);
    await connection.close();
  };
}

async function runsOf(topic: string): Promise<string[]> {
  const runs: string[] = [];
  for await (const { runId } of world.client.workflow.list({ query: `WorkflowId = 'topic/${topic}'` }))
    runs.push(runId);
  return runs;
}

test(
  'promise 2: while two builds work, no topic is reset, each prompt is put in once, and all are answered once the older build is gone',
  { timeout: 180_000 },
  async () => {
    const { agent, manager, client } = world;
    const logs: string[] = [];
    const workflows = await loadWorkflows();
    const stopNewer = await startBuild(workflows, logs);
    const topics = Array.from({ length: TOPICS }, (_, i) => `rolling-${i}`);
    for (const topic of topics) await manager.delegate(topic, 'first'); // The newer build began it.
    const stopOlder = await startBuild(older(workflows), logs);
    const prompts = Array.from({ length: PROMPTS }, (_, i) => `prompt ${i}`);
    // Signals without an id: how they are named depends on the build.
    for (const topic of topics)
      for (const prompt of prompts) await client.workflow.getHandle(`topic/${topic}`).signal('prompt', prompt);
    const failedByOlder = async () => {
      const all = await Promise.all(topics.map((topic) => client.workflow.getHandle(`topic/${topic}`).fetchHistory()));
      return all.some(({ events }) => events?.some(({ workflowTaskFailedEventAttributes: failed }) => failed));
    };
    await expect.poll(failedByOlder, { timeout: 60_000 }).toBe(true);
    await expect.poll(() => logs.length, { timeout: 60_000 }).toBeGreaterThan(0);
    await stopOlder();
    for (const topic of topics) {
      await expect
        .poll(async () => (await manager.view(topic).catch(() => undefined))?.turns, { timeout: 90_000 })
        .toBe(PROMPTS + 1);
      await expect.poll(async () => (await manager.view(topic)).state, { timeout: 60_000 }).toBe('idle');
      const { sessions } = await manager.view(topic);
      expect(sessions.flatMap(({ session_id }) => agent.promptsIn(session_id))).toEqual(['first', ...prompts]);
      expect(await runsOf(topic)).toHaveLength(1);
    }
    expect(new Set(logs)).toEqual(
      new Set(['topic is stuck and is not reset: another build works on topics, or did so']),
    );
    await stopNewer();
  },
);

test(
  'promise 1: a prompt with a field that an older build does not know waits there for a newer one, also in the run after it',
  { timeout: 180_000 },
  async () => {
    const { manager, client, agent, dir } = world;
    const workflows = await loadWorkflows();
    const [ofUpdate, ofRoll] = [randomUUID(), randomUUID()];
    const { run, lines } = toldIn(dir);
    const gate = join(dir, randomUUID());
    const stopNewer = await startBuild(workflows, []);
    for (const topic of [ofUpdate, ofRoll]) {
      await manager.submit(topic, `[[until: ${gate}]] first`, { prompt_id: 'first' });
      await expect.poll(async () => (await manager.view(topic)).running?.session_id, { timeout: 20_000 }).toBeTruthy();
      await manager.submit(topic, 'second', { prompt_id: 'second', notify: run });
    }
    // A run that its successor goes on from in the middle of a turn.
    const filler = 'x'.repeat(1024 * 1024);
    const { runId } = await client.workflow.getHandle(`topic/${ofRoll}`).describe();
    for (let i = 0; i < 6; i += 1) await client.workflow.getHandle(`topic/${ofRoll}`).signal('prompt', { filler });
    const goneOn = async () => (await client.workflow.getHandle(`topic/${ofRoll}`).describe()).runId !== runId;
    await expect.poll(goneOn, { timeout: 30_000 }).toBe(true);
    await manager.view(ofRoll); // The newer build has begun it.
    await stopNewer();
    const stopOlder = await startBuild(withoutNotices(workflows), []);
    await writeFile(gate, '');
    const failed = async (topic: string) =>
      (await client.workflow.getHandle(`topic/${topic}`).fetchHistory()).events?.some(
        ({ workflowTaskFailedEventAttributes }) => workflowTaskFailedEventAttributes,
      );
    for (const topic of [ofUpdate, ofRoll]) await expect.poll(() => failed(topic), { timeout: 30_000 }).toBe(true);
    await stopOlder();
    const stopAgain = await startBuild(workflows, []);
    for (const topic of [ofUpdate, ofRoll]) {
      const { status, session_id } = await manager.wait(topic, 'second');
      expect(status).toBe('completed');
      expect(agent.promptsIn(session_id ?? '').filter((prompt) => prompt === 'second')).toHaveLength(1);
    }
    await expect.poll(lines).toHaveLength(2);
    await stopAgain();
  },
);

test('a session that the worker of an older host opened without the work tree that was asked for takes no prompt', async () => {
  const { manager } = world;
  const stop = await startBuild(await loadWorkflows(), [], { knowsWorkspaces: false });
  const topic = randomUUID();
  const refused = await manager.delegate(topic, 'alone', { workspace: { mode: 'worktree' } });
  expect(refused).toMatchObject({
    status: 'failed',
    session_id: null,
    error: { code: 'WORKSPACE_UNAVAILABLE', message: expect.stringMatching(/host-1 .* too old/) as string },
  });
  expect(await manager.delegate(topic, 'shared')).toMatchObject({ status: 'completed', session: { kind: 'new' } });
  await stop();
});
