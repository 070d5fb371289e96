/**
 * A worker that was paused, cut off or killed, and an agent that was: one writer all the same, and
 * each prompt put in once. The bounds on times are generous: the machine of a test is busy. What to
 * expect is measured by `npm run bench:pick-up`.
 */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Agent } from '../../src/agents/agent.js';
import { Fence } from '../../src/agents/turn/fence.js';
import { noOpAgent } from '../../bench/no-op-agent.js';
import { processesOf } from '../support/processes.js';
import {
  attemptAt,
  startWorkerStage,
  type StagedWorker,
  type WorkerStage,
  type WorkingTurn,
} from '../support/worker-stage.js';
import { startWorld } from '../support/world.js';

/** Longer than the heartbeat timeout of a turn, with what the server needs to see it. */
const BLOCKED_MS = 10_000;
/**
 * A call to OpenCode ends after 20 s; after 10 s more in which it does not answer, it would be
 * given up.
 */
const CALLS_END_AFTER_MS = 22_000;
/** The agent went on, and the successor found the turn at work or, a moment later, ended. */
const FOUND = expect.stringMatching(/^(reattached|harvested)$/) as unknown;

test('promise 3: an attempt that blocked its worker for longer than the heartbeat timeout has settled before its successor looks', async () => {
  const world = await startWorld({ worker: false });
  const store: string[] = [];
  const fence = new Fence();
  let blocked = false;
  // It knows no ids of prompts: a second writer would put the prompt in again.
  const agent: Agent = {
    ...noOpAgent,
    async *turn({ prompt, session }, detach) {
      // Agents fence their turns themselves, as `createAgent` does.
      const { signal, leave } = await fence.enter(session.session_id, detach);
      try {
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
      } finally {
        leave();
      }
    },
  };
  try {
    await world.startWorker({ agents: new Map([['fake', agent]]) });
    expect(await world.manager.delegate('blocked', 'Once')).toMatchObject({
      status: 'completed',
      reply: 'found',
      attempts: 2,
    });
    expect(store).toEqual(['Once']);
  } finally {
    await world.dispose();
  }
});

test('a turn waits no longer for its next worker however often workers were stopped before', async () => {
  const world = await startWorld();
  try {
    const file = join(world.dir, 'go');
    const turn = world.manager.delegate('deploys', `Work [[until: ${file}]]`);
    for (const attempt of [1, 2, 3]) {
      await expect.poll(() => attemptAt(world.client, 'deploys')).toMatchObject({ attempt, started: true });
      await world.stopWorker();
      // By the server's own clock.
      await expect
        .poll(() => attemptAt(world.client, 'deploys'))
        .toMatchObject({ attempt: attempt + 1, waitedMs: expect.closeTo(500, 0) as number });
      await world.startWorker();
    }
    // None of the three counts as an attempt in vain; the one at work does until it gets further.
    await expect.poll(() => world.manager.progress('deploys')).toMatchObject({ attempt: 4, barren_attempts: 1 });
    await writeFile(file, '');
    expect(await turn).toMatchObject({ status: 'completed', attempts: 4 });
  } finally {
    await world.dispose();
  }
});

describe('with workers and agents as processes', () => {
  let stage: WorkerStage;
  /**
   * Works on from test to test, and OpenCode with it: to start them takes longer than most of what
   * is done here.
   */
  let owner: StagedWorker | undefined;
  beforeAll(async () => {
    stage = await startWorkerStage();
  });
  afterAll(() => stage?.dispose());

  const says = (worker: StagedWorker, what: RegExp) =>
    expect.poll(() => worker.said(), { timeout: 60_000 }).toMatch(what);

  /** The process of a worker that takes work. */
  async function working(): Promise<number> {
    if (!owner || hasEnded(owner.process)) owner = stage.worker();
    await says(owner, /worker is ready/);
    return stage.holder();
  }

  async function standingBy(): Promise<StagedWorker> {
    const worker = stage.worker('--standby');
    await says(worker, /standing by for/);
    return worker;
  }

  /** Processes of the agent that wait for a file. */
  function toolsOf(file: string): number[] {
    return processesOf(stage.opencode.dir).filter((pid) => commandOf(pid).includes(file));
  }

  const attempt = (topic: string) => expect.poll(() => stage.attemptAt(topic), { timeout: 60_000, interval: 50 });

  /**
   * One outcome for the caller, one prompt in the agent's own store, and each step of the model
   * asked for as often as it has to be.
   */
  async function expectOnce(topic: string, { prompt, result }: WorkingTurn, outcome: object, asked = 2): Promise<void> {
    const { session_id, ...ended } = await result;
    expect(ended).toMatchObject({ status: 'completed', ...outcome });
    expect(session_id).not.toBeNull();
    expect(await stage.opencode.promptsIn({ session_id: session_id!, cwd: stage.opencode.cwd, store: '' })).toEqual([
      prompt,
    ]);
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
    expect(standby.said()).toMatch(
      new RegExp(`standing by for ${stage.opencode.dataDir}, process ${pid}\n[^]*stopped, without having worked`),
    );
  });

  test('promise 2: a worker that is killed while it is stopped is succeeded by its standby, which goes on with the turn', async () => {
    const pid = await working();
    const standby = await standingBy();
    const turn = await stage.atWork('taken-over');
    process.kill(pid, 'SIGSTOP');
    process.kill(pid, 'SIGKILL');
    owner = standby;
    await attempt('taken-over').toMatchObject({ attempt: 2, started: true });
    expect(standby.said()).toMatch(/taking over/);
    expect(stage.holder()).not.toBe(pid);
    await turn.letGo();
    await expectOnce('taken-over', turn, { attempts: 2, recovered: FOUND });
  });

  test('a worker that is killed, or told to stop, and started again is at work on the turn soon', async () => {
    const pid = await working();
    const turn = await stage.atWork('again');
    const killedAt = Date.now();
    process.kill(pid, 'SIGKILL');
    await ended(owner!.process);
    const next = await working();
    await attempt('again').toMatchObject({ attempt: 2, started: true });
    expect(Date.now() - killedAt).toBeLessThan(15_000); // To be expected: 2 s.
    const toldAt = Date.now();
    process.kill(next, 'SIGTERM');
    await ended(owner!.process);
    await working();
    await attempt('again').toMatchObject({ attempt: 3, started: true });
    expect(Date.now() - toldAt).toBeLessThan(15_000); // To be expected: 3 s.
    await turn.letGo();
    await expectOnce('again', turn, { attempts: 3, recovered: FOUND });
  });

  test('a turn whose worker dies before it is told of the cancel is stopped by the next one', async () => {
    const pid = await working();
    const turn = await stage.atWork('cancelled');
    await stage.manager.cancel('cancelled');
    process.kill(pid, 'SIGKILL');
    await ended(owner!.process);
    await working();
    expect(await turn.result).toMatchObject({ status: 'cancelled' });
    await expect.poll(() => toolsOf('cancelled.go')).toEqual([]);
    await turn.letGo();
  });

  test('a turn that is cancelled while its worker is away is stopped at the next contact, and the prompt after it is not', async () => {
    const pid = await working();
    const turn = await stage.atWork('away');
    process.kill(pid, 'SIGKILL');
    await ended(owner!.process);
    // The server has given the worker up: no attempt is at work that could be told.
    await expect.poll(() => stage.attemptAt('away'), { timeout: 60_000 }).toMatchObject({ attempt: 2, started: false });
    // The topic itself needs a worker: another host's, which cannot reach this agent.
    const elsewhere = await stage.topicsElsewhere();
    try {
      await stage.manager.cancel('away');
      expect(await turn.result).toMatchObject({ status: 'cancelled' });
      expect(toolsOf('away.go')).not.toEqual([]);
      expect((await stage.manager.view('away')).stopping).toEqual([(await turn.result).session_id]);
    } finally {
      await elsewhere.stop();
    }
    await working();
    await expect.poll(() => toolsOf('away.go')).toEqual([]);
    await expect.poll(async () => (await stage.manager.view('away')).stopping).toBeUndefined();
    const next = await stage.manager.delegate('away', 'After it [[say: Undisturbed.]]');
    expect(next).toMatchObject({
      status: 'completed',
      reply: 'Undisturbed.',
      session_id: (await turn.result).session_id,
    });
    await turn.letGo();
  });

  test('a prompt that comes while a stop waits for its host is not stopped with it', async () => {
    const pid = await working();
    const turn = await stage.atWork('queued-behind');
    const topic = 'queued-behind';
    process.kill(pid, 'SIGKILL');
    await ended(owner!.process);
    await expect.poll(() => stage.attemptAt(topic), { timeout: 60_000 }).toMatchObject({ attempt: 2, started: false });
    const elsewhere = await stage.topicsElsewhere();
    await stage.manager.cancel(topic);
    expect(await turn.result).toMatchObject({ status: 'cancelled' });
    const next = stage.manager.delegate(topic, 'Right behind it [[slow: 2000]] [[say: Undisturbed.]]');
    await expect.poll(() => stage.attemptAt(topic)).toMatchObject({ attempt: 1, started: false });
    await working();
    await elsewhere.stop();
    expect(await next).toMatchObject({
      status: 'completed',
      reply: 'Undisturbed.',
      session_id: (await turn.result).session_id,
    });
    expect(toolsOf('queued-behind.go')).toEqual([]);
    await turn.letGo();
  });

  test('promise 2: an OpenCode that was stopped for longer than any call to it waits goes on with the turn', async () => {
    await working();
    const turn = await stage.atWork('frozen');
    const { pid } = await stage.opencode.server();
    process.kill(pid, 'SIGSTOP');
    await turn.letGo();
    await sleep(CALLS_END_AFTER_MS);
    process.kill(pid, 'SIGCONT');
    await expectOnce('frozen', turn, { attempts: 1 });
    expect((await stage.opencode.server()).pid).toBe(pid);
  });

  test('promise 2: an OpenCode that is killed while it is stopped is started again and continues the turn', async () => {
    await working();
    const turn = await stage.atWork('crashed');
    const { pid } = await stage.opencode.server();
    process.kill(pid, 'SIGSTOP');
    process.kill(pid, 'SIGKILL');
    await turn.letGo();
    await expectOnce('crashed', turn, { attempts: 1, recovered: 'continued' }, 3);
    expect((await stage.opencode.server()).pid).not.toBe(pid);
  });
});

function hasEnded({ exitCode, signalCode }: StagedWorker['process']): boolean {
  return exitCode !== null || signalCode !== null;
}

async function ended(process: StagedWorker['process']): Promise<void> {
  if (!hasEnded(process)) await new Promise((resolve) => process.once('exit', resolve));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // It has ended meanwhile.
  }
}
