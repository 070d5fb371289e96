import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { killTree, AGENT_MARKER, startTimeOf } from '../../../src/agents/process-tree.js';
import { isRunning } from '../../support/processes.js';

const children: ChildProcess[] = [];
afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')));

/** Runs the script, which prints the pids of what it starts. */
async function start(script: string, marker: string, count: number): Promise<number[]> {
  const child = spawn('sh', ['-c', script], { env: { ...process.env, [AGENT_MARKER]: marker }, detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const lines = () => out.split('\n').slice(0, -1);
  await vi.waitFor(() => expect(lines()).toHaveLength(count), 5_000);
  return [child.pid ?? 0, ...lines().map(Number)];
}

describe.runIf(process.platform === 'linux')('ending a tree', () => {
  test('takes what left the session, and what cleared its environment, and nothing else', async () => {
    const marker = `test-${process.pid}-a`;
    const tree = await start('setsid sleep 60 & echo $!; env -i sleep 60 & echo $!; wait', marker, 2);
    const [other] = await start('echo 0; exec sleep 60', `${marker}-other`, 1);
    await killTree(`${AGENT_MARKER}=${marker}`);
    expect(tree.map(isRunning)).toEqual([false, false, false]);
    expect(isRunning(other ?? 0)).toBe(true);
  });

  test('takes orphans whose parent is long gone', async () => {
    const marker = `test-${process.pid}-b`;
    const [parent, orphan] = await start('setsid sleep 60 & echo $!', marker, 1);
    await vi.waitFor(() => expect(isRunning(parent ?? 0)).toBe(false));
    expect(isRunning(orphan ?? 0)).toBe(true);
    await killTree(`${AGENT_MARKER}=${marker}`);
    expect(isRunning(orphan ?? 0)).toBe(false);
  });

  test('a process is known by its start time, and one that ended has none', async () => {
    const child = spawn('sleep', ['60']);
    children.push(child);
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    expect(startTimeOf(pid)).toBe(startTimeOf(pid));
    expect(startTimeOf(pid)).toMatch(/^\d+$/);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(startTimeOf(pid)).toBeUndefined();
  });
});
