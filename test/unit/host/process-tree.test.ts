import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { killTree, AGENT_MARKER } from '../../../src/host/process-tree.js';
import { isRunning } from '../../support/processes.js';

const children: ChildProcess[] = [];
afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')));

/** Runs the script and waits for its first lines. @returns its pid, and those lines */
async function linesOf(
  script: string,
  marker: string,
  count: number,
  withinMs = 5_000,
): Promise<{ pid: number; lines: string[] }> {
  const child = spawn('sh', ['-c', script], {
    env: { ...process.env, [AGENT_MARKER]: marker },
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(child);
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const lines = () => out.split('\n').slice(0, -1);
  await vi.waitFor(() => expect(lines()).toHaveLength(count), withinMs);
  return { pid: child.pid ?? 0, lines: lines() };
}

/** The lines are pids of what the script started. */
async function start(script: string, marker: string, count: number): Promise<number[]> {
  const { pid, lines } = await linesOf(script, marker, count);
  return [pid, ...lines.map(Number)];
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

  test('spares the worker that ends it, with its other children, where an agent started that worker', async () => {
    const marker = `test-${process.pid}-c`;
    const worker = fileURLToPath(new URL('../../support/ends-its-own-tree.ts', import.meta.url));
    const script = `sleep 60 & echo $!; setsid --wait ${process.execPath} --import tsx ${worker} ${marker}`;
    const { lines } = await linesOf(script, marker, 2, 20_000);
    expect(isRunning(Number(lines[0]))).toBe(false);
    expect(lines[1]).toBe('spared');
  }, 30_000);
});
