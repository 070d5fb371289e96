/**
 * A rolling deploy: for a while, workers of two releases take the tasks of the same topics, and the
 * older one cannot replay what the newer one wrote.
 */
import { NativeConnection, Worker, type WorkflowBundle } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createActivities } from '../../src/activities/index.js';
import { CONTINUITY, hostQueueOf } from '../../src/contract/messages.js';
import { buildIdOf, loadWorkflows } from '../../workers/compose.js';
import { stateOfHistory } from '../../workers/state-of-history.js';
import { unstickTopics } from '../../workers/unstick.js';
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

/**
 * It keeps no topic in its cache, so that each task of a topic goes to one build or to the other.
 */
async function startBuild(workflows: WorkflowBundle, logs: string[]): Promise<() => Promise<void>> {
  const { agent, config, address } = world;
  const { openSession, recall, ...onThisHost } = createActivities({
    config,
    agents: new Map([['fake', agent]]),
    host: 'host-1',
    log: () => undefined,
    projectOf: (cwd) => Promise.resolve(cwd),
    defaultAgent: () => Promise.resolve('fake'),
    isCheckProof: () => Promise.resolve(false),
    stateOfHistory: stateOfHistory(workflows),
  });
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
