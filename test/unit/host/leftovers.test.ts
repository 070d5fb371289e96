import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { endAll, startedSince, thisMoment, type Moment } from '../../../src/host/leftovers.js';
import { isRunning } from '../../support/processes.js';

const mark = `leftovers-${process.pid}`;
const isMeant = (environment: Readonly<Record<string, string>>) => environment['LEFT'] === mark;
const now = () => thisMoment() as Moment;

/** @returns the pids that the script writes */
async function begin(script: string, count: number, env: Record<string, string> = { LEFT: mark }): Promise<number[]> {
  const child = spawn('sh', ['-c', script], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let said = '';
  child.stdout.on('data', (data: Buffer) => (said += data.toString()));
  while (said.split('\n').length <= count) await once(child.stdout, 'data');
  const pids = said.trim().split('\n').map(Number);
  onTestFinished(() => {
    for (const pid of pids) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
    child.stdout.destroy();
  });
  await sleep(20); // A clock tick.
  return pids;
}

describe.runIf(process.platform === 'linux')('What was left running', () => {
  test('is what was started since, with that mark, and what that has started without it', async () => {
    const since = now();
    const pids = await begin('setsid sleep 300 & echo $!; env -i sleep 301 & echo $!; echo $$; exec sleep 302', 3);
    await begin('echo $$; exec sleep 300', 1, { LEFT: 'another' });
    const found = await startedSince(since, isMeant);
    expect(found.map(({ pid }) => pid).sort()).toEqual([...pids].sort());
    expect(found.map(({ command }) => command.join(' ')).sort()).toEqual(['sleep 300', 'sleep 301', 'sleep 302']);
    for (const { startedAt } of found) expect(Math.abs(Date.now() - startedAt.getTime())).toBeLessThan(20_000);
    expect(await startedSince(now(), isMeant)).toEqual([]);
    expect(await startedSince({ ...since, boot: 'another' }, isMeant)).toEqual([]);
  });

  test('is ended, even what does not listen', async () => {
    const since = now();
    const pids = await begin('trap "" TERM; echo $$; sleep 300 & echo $!; while :; do sleep 1; done', 2);
    const ended = await endAll(() => startedSince(since, isMeant));
    expect(ended.map(({ pid }) => pid)).toEqual(expect.arrayContaining(pids));
    expect(pids.map(isRunning)).toEqual([false, false]);
    expect(await startedSince(since, isMeant)).toEqual([]);
  });
});
