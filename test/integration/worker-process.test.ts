/**
 * `continuity worker` as a process: which process it is, what signals do to it, and what a full
 * disk does. Real Temporal, real OpenCode.
 */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { commandInTerminal } from '../support/in-terminal.js';
import { isRunning } from '../support/processes.js';
import { startWorkerStage, until, type StagedWorker, type WorkerStage } from '../support/worker-stage.js';

let stage: WorkerStage;
const workers: StagedWorker[] = [];
beforeAll(async () => {
  stage = await startWorkerStage();
});
afterEach(async () => {
  for (const { process } of workers.splice(0)) {
    process.kill('SIGKILL');
    await exited(process);
  }
});
afterAll(() => stage?.dispose());

const patiently = { timeout: 60_000, interval: 50 };

async function ready(...flags: string[]): Promise<StagedWorker> {
  const worker = stage.worker(...flags);
  workers.push(worker);
  await vi.waitFor(() => expect(worker.said()).toContain('worker is ready'), patiently);
  return worker;
}

async function exited(process: StagedWorker['process']): Promise<number | null> {
  if (process.exitCode === null && process.signalCode === null) await once(process, 'exit');
  return process.exitCode;
}

async function exitedSoon(process: StagedWorker['process']): Promise<number | null> {
  await vi.waitFor(() => expect(process.exitCode ?? process.signalCode).not.toBeNull(), patiently);
  return process.exitCode;
}

const recordFile = () => join(stage.opencode.dataDir, 'agents', 'opencode', 'server.json');
const agentPid = () => (JSON.parse(readFileSync(recordFile(), 'utf8')) as { pid: number }).pid;

test('continuity worker is the process that holds the data directory: after kill -9 the next one starts', async () => {
  const first = await ready();
  expect(stage.holder()).toBe(first.process.pid);
  first.process.kill('SIGKILL');
  await exited(first.process);
  const second = await ready();
  expect(stage.holder()).toBe(second.process.pid);
});

test('promise 3: a worker on a copy of the data directory is refused while the first one works, and goes on once that has ended', async () => {
  const first = await ready();
  const copy = join(stage.opencode.dir, 'copied');
  await cp(stage.opencode.dataDir, copy, { recursive: true, preserveTimestamps: true });
  await chmod(copy, 0o700);
  const second = stage.worker('--data-dir', copy);
  workers.push(second);
  expect(await exitedSoon(second.process), second.said()).toBe(7);
  expect(second.said()).toContain(`DATA_DIR_LOCKED: A worker already runs for host`);
  expect(second.said()).toContain(`on ${stage.opencode.dataDir} (process ${first.process.pid}), and ${copy} is a copy`);
  first.process.kill('SIGKILL');
  await exited(first.process);
  await ready('--data-dir', copy);
});

test('promise 3: a worker whose lock file is removed ends, and says so', async () => {
  const first = await ready();
  await rm(join(stage.opencode.dataDir, 'worker.lock'));
  expect(await exitedSoon(first.process), first.said()).toBe(7);
  expect(first.said()).toMatch(/DATA_DIR_LOCKED: .*worker\.lock was removed or replaced/);
  await ready();
});

describe('with a turn at work', () => {
  test.each(['SIGINT', 'SIGHUP'] as const)(
    '%s ends the worker and its agent, and the next worker goes on with the turn',
    async (signal) => {
      const { process, said } = await ready();
      const turn = await stage.atWork(`topic-${signal}`);
      const agent = agentPid();
      process.kill(signal);
      expect(await exited(process)).toBe(0);
      expect(isRunning(agent), said()).toBe(false);
      await turn.letGo();
      await ready();
      expect(await turn.result).toMatchObject({ status: 'completed' });
    },
  );

  test('SIGTERM ends the worker, and its agent goes on for the next one', async () => {
    const { process } = await ready();
    const turn = await stage.atWork('topic-SIGTERM');
    const agent = agentPid();
    process.kill('SIGTERM');
    expect(await exited(process)).toBe(0);
    expect(isRunning(agent)).toBe(true);
    await turn.letGo();
    await ready();
    expect(await turn.result).toMatchObject({ status: 'completed' });
    expect(agentPid()).toBe(agent);
  });

  test('a second signal ends the wait for an agent that does not answer, and SIGINT ends that agent', async () => {
    const worker = await ready();
    const turn = await stage.atWork('topic-twice');
    const agent = agentPid();
    process.kill(agent, 'SIGSTOP');
    worker.process.kill('SIGTERM');
    await vi.waitFor(() => expect(worker.said()).toContain('worker is stopping'), patiently);
    worker.process.kill('SIGINT');
    expect(await exited(worker.process), worker.said()).toBe(130);
    expect(isRunning(agent)).toBe(false);
    await turn.letGo();
    await ready();
    expect(await turn.result).toMatchObject({ status: 'completed' });
  });
});

test('in a terminal, SIGINT that comes from elsewhere ends the worker', async () => {
  const { terminal, seen } = commandInTerminal(['worker'], { cwd: stage.opencode.cwd, env: stage.env });
  await vi.waitFor(() => expect(seen()).toContain('worker is ready'), patiently);
  process.kill(stage.holder(), 'SIGINT');
  expect((await terminal).exitCode).toBe(0);
  expect(isRunning(stage.holder())).toBe(false);
});

test('the SIGINT that a terminal and npx both send is one', async () => {
  const { process, said } = await ready();
  process.kill('SIGINT');
  process.kill('SIGINT');
  expect(await exited(process)).toBe(0);
  expect(said()).toContain('worker has stopped');
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('a standby is ended by %s, with 0', async (signal) => {
  await ready();
  const standby = stage.worker('--standby');
  workers.push(standby);
  await vi.waitFor(() => expect(standby.said()).toContain('standing by'), patiently);
  standby.process.kill(signal);
  expect(await exited(standby.process)).toBe(0);
});

test.runIf(process.platform === 'linux').each([[], ['--log-json']])(
  'a full disk under its log stops neither its work nor its end (flags: %s)',
  async (...flags) => {
    const held = existsSync(join(stage.opencode.dataDir, 'worker.lock')) ? stage.holder() : 0;
    const log = stage.workerInShell(flags, '2>/dev/full');
    await until(() => stage.holder() !== held && isRunning(stage.holder()));
    const worker = stage.holder();
    expect(await stage.manager.delegate(`full-${flags.length}`, 'Work all the same')).toMatchObject({
      status: 'completed',
    });
    const agent = agentPid();
    process.kill(worker, 'SIGINT');
    expect((await log).exitCode).toBe(0);
    expect([worker, agent].map(isRunning)).toEqual([false, false]);
  },
);
