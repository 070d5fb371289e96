/**
 * The agent of a worker that starts again is there before the first prompt; on a new data directory
 * it is started when it is needed.
 */
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isRunning } from '../support/processes.js';
import { startWorkerStage, type StagedWorker, type WorkerStage } from '../support/worker-stage.js';

let stage: WorkerStage;
beforeAll(async () => {
  stage = await startWorkerStage();
});
afterAll(() => stage?.dispose());

const server = async () => (await stage.opencode.server().catch(() => undefined))?.pid;

async function start(): Promise<StagedWorker> {
  const worker = stage.worker();
  await expect.poll(() => worker.said(), { timeout: 60_000 }).toMatch(/worker is ready/);
  return worker;
}

/** As a person does with Ctrl-C: it ends the agent, too. */
async function stop(worker: StagedWorker): Promise<void> {
  worker.process.kill('SIGINT');
  if (worker.process.exitCode === null) await once(worker.process, 'exit');
}

test('a worker starts the agent that was used before, without a prompt, and ends it when it ends', async () => {
  const first = await start();
  await stage.opencode.create().warm?.();
  expect(await server()).toBeUndefined();
  await stage.manager.delegate('warm', 'Hello [[say: Hello.]]');
  await stop(first);
  expect(await server()).toBeUndefined();

  const second = await start();
  await expect.poll(server, { timeout: 60_000 }).toBeDefined();
  const pid = (await server())!;
  await expect.poll(() => second.said(), { timeout: 60_000 }).toMatch(/OpenCode was started/);
  expect(await stage.manager.delegate('warm', 'Again [[say: Again.]]')).toMatchObject({
    status: 'completed',
    reply: 'Again.',
  });
  expect(await server()).toBe(pid);
  await stop(second);
  expect(isRunning(pid)).toBe(false);
});
