/**
 * A worker that was paused, cut off or killed, and an agent that was: one writer all the same, and each prompt put in once.
 * The bounds on times are generous: the machine of a test is busy. What to expect is measured by `npm run bench:pick-up`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Agent } from '../../src/agents/agent.js';
import { noOpAgent } from '../../bench/no-op-agent.js';
import { startWorkerStage, type StagedWorker, type WorkerStage, type WorkingTurn } from '../support/worker-stage.js';
import { startWorld } from '../support/world.js';

/** Longer than the heartbeat timeout of a turn, with what the server needs to see it. */
const BLOCKED_MS = 10_000;

test('promise 3: an attempt that blocked its worker for longer than the heartbeat timeout has settled before its successor looks', async () => {
  const world = await startWorld({ worker: false });
  const store: string[] = [];
  let blocked = false;
  // It knows no ids of prompts: a second writer would put the prompt in again.
  const agent: Agent = {
    ...noOpAgent,
    async *turn({ prompt }, signal) {
      const there = store.includes(prompt);
      if (!there) {
        if (!blocked) {
          blocked = true;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BLOCKED_MS);
        }
        await sleep(1_000); // Its request is under way.
        store.push(prompt);
      }
      signal.throwIfAborted();
      yield { type: 'outcome', outcome: { status: 'completed', reply: there ? 'found' : 'put in' } };
    },
  };
  try {
    await world.startWorker({ agents: new Map([['fake', agent]]) });
    expect(await world.manager.delegate('blocked', 'Once')).toMatchObject({ status: 'completed', reply: 'found', attempts: 2 });
    expect(store).toEqual(['Once']);
  } finally {
    await world.dispose();
  }
});

describe('with workers and agents as processes', () => {
  let stage: WorkerStage;
  /** Works on from test to test, and OpenCode with it: to start them takes longer than most of what is done here. */
  let owner: StagedWorker | undefined;
  beforeAll(async () => {
    stage = await startWorkerStage();
  });
  afterAll(() => stage?.dispose());

  const says = (worker: StagedWorker, what: RegExp) => expect.poll(() => worker.said(), { timeout: 30_000 }).toMatch(what);

  /** The process of a worker that takes work. */
  async function working(): Promise<number> {
    if (owner?.process.exitCode !== null) owner = stage.worker();
    await says(owner, /worker is ready/);
    return stage.holder();
  }

  async function standingBy(): Promise<StagedWorker> {
    const worker = stage.worker('--standby');
    await says(worker, /standing by for/);
    return worker;
  }

  const attempt = (topic: string) => expect.poll(() => stage.attemptAt(topic), { timeout: 15_000, interval: 50 });

  /** One outcome for the caller, one prompt in the agent's own store, and each step of the model asked for as often as it has to be. */
  async function expectOnce(topic: string, { prompt, result }: WorkingTurn, outcome: object, asked = 2): Promise<void> {
    const { session_id, ...ended } = await result;
    expect(ended).toMatchObject({ status: 'completed', ...outcome });
    expect(session_id).not.toBeNull();
    expect(await stage.opencode.promptsIn({ session_id: session_id!, cwd: stage.opencode.cwd, store: '' })).toEqual([prompt]);
    expect(stage.opencode.asked().filter(({ asks }) => asks.at(-1) === prompt)).toHaveLength(asked);
    expect(await stage.manager.view(topic)).toMatchObject({ queue: [], turns: 1 });
  }

  test('promise 3: a stopped worker is waited for by its standby, and the result that it brings too late is not taken', async () => {
    const pid = await working();
    const standby = await standingBy();
    const turn = await stage.atWork('stopped');
    process.kill(pid, 'SIGSTOP');
    await attempt('stopped').toMatchObject({ attempt: 2 });
    await turn.letGo(); // The turn ends in the agent meanwhile.
    await expect.poll(() => stage.opencode.asked().filter(({ asks }) => asks.at(-1) === turn.prompt)).toHaveLength(2);
    expect(standby.said()).not.toMatch(/taking over|worker is ready/);
    expect(stage.holder()).toBe(pid);
    process.kill(pid, 'SIGCONT');
    await expectOnce('stopped', turn, { recovered: 'harvested' });
    expect((await turn.result).attempts).toBeGreaterThan(1);

    standby.process.kill('SIGTERM');
    await ended(standby.process);
    expect(standby.process.exitCode).toBe(0);
    expect(standby.said()).toMatch(new RegExp(`standing by for ${stage.opencode.dataDir}, process ${pid}\n[^]*stopped, without having taken over`));
  });
});

async function ended(process: StagedWorker['process']): Promise<void> {
  if (process.exitCode === null && process.signalCode === null) await new Promise((resolve) => process.once('exit', resolve));
}
