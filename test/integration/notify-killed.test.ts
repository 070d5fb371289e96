/**
 * A worker that is killed at any moment around the start of a notify command: the command has run once
 * for each prompt in the end. Real Temporal, real OpenCode, real workers.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { linesOf } from '../support/told.js';
import { startWorkerStage, until, type StagedWorker, type WorkerStage } from '../support/worker-stage.js';

/** From the moment in which the worker has written what the command will read. */
const KILLED_AFTER_MS = [0, 0, 2, 5, 10, 50, 400];

let stage: WorkerStage;
let worker: StagedWorker;
beforeAll(async () => {
  stage = await startWorkerStage();
});
afterAll(() => stage?.dispose());

async function start(): Promise<void> {
  worker = stage.worker();
  await expect.poll(() => worker.said(), { timeout: 60_000 }).toMatch(/worker is ready/);
}

async function kill(): Promise<void> {
  process.kill(stage.holder(), 'SIGKILL');
  await until(() => worker.process.exitCode !== null || worker.process.signalCode !== null);
}

function notices(suffix = ''): string[] {
  try {
    return readdirSync(join(stage.opencode.dataDir, 'notices')).filter((name) => name.endsWith(suffix));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Looks without a pause, because the moment is short. */
async function untilItsInputIsWritten(): Promise<void> {
  for (const end = Date.now() + 60_000; notices('.in').length === 0; await new Promise(setImmediate))
    if (Date.now() > end) throw new Error('No notice was delivered.');
}

test('over kills before, at and after its start, each command has run once', async () => {
  const file = join(stage.opencode.dir, 'told');
  const notify = `echo "$CONTINUITY_PROMPT_ID $CONTINUITY_EVENT began" >> ${file}; sleep 0.3; echo "$CONTINUITY_PROMPT_ID $CONTINUITY_EVENT ended" >> ${file}`;
  let killedBeforeTheClaim = 0;
  for (const [i, ms] of KILLED_AFTER_MS.entries()) {
    await start();
    await stage.manager.submit('auth', 'work', { prompt_id: `p${i}`, notify });
    await untilItsInputIsWritten();
    await sleep(ms);
    const claims = notices().filter((name) => !name.includes('.')).length;
    killedBeforeTheClaim += claims === i ? 1 : 0;
    await kill();
    await start();
    await until(async () => (await stage.manager.view('auth')).notices === undefined);
    await kill();
  }
  process.stdout.write(`notify-killed: ${killedBeforeTheClaim} of ${KILLED_AFTER_MS.length} before the claim\n`);
  const expected = KILLED_AFTER_MS.flatMap((_, i) => [`p${i} ended began`, `p${i} ended ended`]);
  expect(linesOf(file)).toEqual(expected);
  await start();
  expect((await stage.manager.view('auth')).failed_notice).toBe(undefined);
});
