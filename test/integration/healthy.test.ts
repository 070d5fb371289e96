/**
 * What `continuity worker --healthy` and doctor report of a real worker: at work, killed, cut off
 * from Temporal.
 */
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { execa } from 'execa';
import { cuttable, type Cuttable } from '../support/cuttable.js';
import { startWorkerStage, type WorkerStage } from '../support/worker-stage.js';
import { CONTINUITY, loadedBy, TELLS_WHAT_IT_LOADS } from './cli-command.js';

let stage: WorkerStage;
let network: Cuttable;
beforeAll(async () => {
  stage = await startWorkerStage();
  network = await cuttable(stage.env.TEMPORAL_ADDRESS ?? '');
});
afterAll(async () => {
  await stage?.dispose();
  await network?.close();
});

const patiently = { timeout: 60_000, interval: 250 };
const healthy = () => stage.continuity(['worker', '--healthy']);
const worker = () => stage.continuity(['worker'], { env: { TEMPORAL_ADDRESS: network.address } });

interface Finding {
  check: string;
  ok: boolean;
  detail: string;
  problem?: { code: string; message: string; fix: string };
}
async function found(check: string, env: Record<string, string> = {}): Promise<Finding | undefined> {
  const { stdout } = await stage.continuity(['doctor', '--json'], { env });
  return (JSON.parse(stdout) as Finding[]).find((finding) => finding.check === check);
}

describe('a worker', () => {
  test('that never ran is not healthy', async () => {
    const { exitCode, stdout } = await healthy();
    expect([exitCode, stdout]).toEqual([1, expect.stringMatching(/^not healthy: no worker has run on .*\n$/)]);
  });

  test('that was killed is a problem to doctor at once, though Temporal still lists it', async () => {
    const running = worker();
    await expect.poll(async () => (await found('worker'))?.ok, patiently).toBe(true);
    running.kill('SIGKILL');
    await once(running, 'exit');
    expect(await found('worker')).toMatchObject({
      ok: false,
      problem: {
        code: 'NO_WORKER',
        message: expect.stringContaining(`process ${running.pid}`) as string,
        fix: expect.stringContaining('continuity worker') as string,
      },
    });
  });

  test('that works is healthy, and killed it is not', async () => {
    const running = worker();
    await expect.poll(async () => (await healthy()).exitCode, patiently).toBe(0);
    expect((await healthy()).stdout).toMatch(
      new RegExp(
        `^healthy: the worker of host \\S+ \\(process ${running.pid}\\) runs; Temporal listed it \\d+ s ago\\n$`,
      ),
    );
    running.kill('SIGKILL');
    await once(running, 'exit');
    expect(await healthy()).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(/^not healthy: .* has ended; /) as string,
    });
  });

  test('that Temporal has not heard from for long is not healthy, and is again once it has', async () => {
    const running = worker();
    await expect.poll(async () => (await healthy()).exitCode, patiently).toBe(0);
    network.cut();
    await expect
      .poll(async () => (await healthy()).stdout, patiently)
      .toMatch(/^not healthy: .* runs; Temporal listed it \d+ s ago\n$/);
    network.mend();
    await expect.poll(async () => (await healthy()).exitCode, patiently).toBe(0);
    running.kill('SIGKILL');
    await once(running, 'exit');
  });
});

test('--healthy costs less than 200 ms of CPU more than Node alone, and loads neither Temporal nor the config', async () => {
  const hook =
    'process.on("exit",()=>{const{user,system}=process.cpuUsage();process.stderr.write(`CPU ${(user+system)/1000}\\n`)})';
  const cpuOf = async (args: string[]) => {
    const { stdout, stderr } = await execa(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(hook)}`, ...args],
      { reject: false, env: stage.env, extendEnv: false },
    );
    expect(stdout).toMatch(args.includes('--healthy') ? /healthy: / : /^$/);
    return Number(/CPU ([\d.]+)/.exec(stderr)?.[1]);
  };
  const least = async (args: string[]) => Math.min(await cpuOf(args), await cpuOf(args), await cpuOf(args));
  const { stderr } = await stage.continuity(['worker', '--healthy'], { env: TELLS_WHAT_IT_LOADS });
  const loaded = loadedBy(stderr).join('\n');
  expect(loaded).toContain('worker-state.js');
  expect(loaded).not.toMatch(/node_modules\/(@temporalio|zod|cosmiconfig|execa)|src\/config\/file/);
  expect((await least([CONTINUITY, 'worker', '--healthy'])) - (await least(['-e', '']))).toBeLessThan(200);
});

test('a namespace that is not there is named with the command that creates it', async () => {
  const finding = await found('namespace', { TEMPORAL_NAMESPACE: 'not-there' });
  expect(finding).toMatchObject({
    ok: false,
    problem: {
      code: 'SETUP_INCOMPLETE',
      message: expect.stringContaining('not-there') as string,
      fix: expect.stringContaining('temporal operator namespace create --namespace not-there') as string,
    },
  });
});
