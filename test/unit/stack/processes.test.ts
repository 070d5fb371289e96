import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepRunning, type Running } from '../../../src/stack/keep-running.js';
import { choosePorts } from '../../../src/stack/ports.js';
import { endProcess, identityOf, isAlive } from '../../../src/host/process-identity.js';
import { readStackRecord, runningServer, writeStackRecord } from '../../../src/stack/stack-record.js';

let dir: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'continuity-processes-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(dir, { recursive: true, force: true });
});

/** Ready once it has said so: before, a signal would meet a process that has no handler yet. */
async function started(script = ''): Promise<ChildProcess & { pid: number }> {
  const child = spawn(process.execPath, ['-e', `${script}; setInterval(() => {}, 1e6); console.log('ready')`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(child);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child as ChildProcess & { pid: number };
}

describe('a process that was recorded', () => {
  it('is told from another one with the same pid', async () => {
    const { pid } = await started();
    const identity = await identityOf(pid);
    expect(identity && (await isAlive(identity))).toBe(true);
    expect(await isAlive({ pid, started: 'another time' })).toBe(false);
  });

  it('is gone once it ended', async () => {
    const { pid } = await started();
    const identity = (await identityOf(pid)) ?? { pid, started: '' };
    await endProcess(identity, 'SIGTERM', 5000);
    expect(await isAlive(identity)).toBe(false);
  });

  it('is made to end when it does not listen', async () => {
    const { pid } = await started(`process.on('SIGTERM', () => {})`);
    const identity = (await identityOf(pid)) ?? { pid, started: '' };
    await endProcess(identity, 'SIGTERM', 100);
    expect(await isAlive(identity)).toBe(false);
  });

  it('is left alone when it is not provably ours', async () => {
    const child = await started();
    await endProcess({ pid: child.pid, started: 'another time' }, 'SIGKILL', 100);
    expect(child.exitCode ?? child.signalCode).toBeNull();
    expect(await identityOf(child.pid)).toBeDefined();
  });
});

describe('the record of a stack', () => {
  it('is its owner’s alone, and names the server while that lives', async () => {
    const { pid } = await started();
    const identity = (await identityOf(pid)) ?? { pid, started: '' };
    await writeStackRecord(dir, { server: { ...identity, port: 7300, uiPort: 8300 } });
    expect((await stat(join(dir, 'stack.json'))).mode & 0o777).toBe(0o600);
    expect(await runningServer(dir)).toEqual({ address: '127.0.0.1:7300', uiUrl: 'http://127.0.0.1:8300' });
    await endProcess(identity, 'SIGKILL', 5000);
    expect(await runningServer(dir)).toBeUndefined();
    const up = await identityOf(process.pid);
    await writeStackRecord(dir, { server: { ...identity, port: 7300, uiPort: 8300 }, up });
    expect((await runningServer(dir))?.address, 'while continuity up starts it again').toBe('127.0.0.1:7300');
  });

  it.each([['{ cut sho'], ['[]'], ['{"server":{"pid":-1}}'], ['{"worker":7}']])(
    '%s is as good as none',
    async (content) => {
      await writeFile(join(dir, 'stack.json'), content);
      expect(await readStackRecord(dir)).not.toHaveProperty('server.pid');
      expect((await readStackRecord(dir)).worker).toBeUndefined();
    },
  );
});

async function unused(from: number): Promise<number> {
  const server = createServer();
  const taken = await new Promise<boolean>((resolve) =>
    server.once('error', () => resolve(true)).listen(from, '127.0.0.1', () => resolve(false)),
  );
  if (taken) return unused(from + 1);
  await new Promise((resolve) => server.close(resolve));
  return from;
}

describe('ports', () => {
  it('the Web UI is 1000 above Temporal, where there is room', async () => {
    const [low, high] = [await unused(20_000), await unused(65_000)];
    expect(await choosePorts({ port: low })).toEqual({ port: low, uiPort: low + 1000 });
    expect((await choosePorts({ port: high })).uiPort).not.toBe(high + 1000);
  });

  it.each([['--port'], ['--ui-port']])('one that is in use is named, with %s', async (flag) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const wanted = flag === '--port' ? { port, uiPort: 0 } : { port: 0, uiPort: port };
    await expect(choosePorts(wanted)).rejects.toMatchObject({
      failure: {
        code: 'TEMPORAL_UNAVAILABLE',
        message: `Port ${port} of 127.0.0.1 is in use by another program.`,
        fix: expect.stringContaining(`${flag} N`) as string,
      },
    });
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('a part of the stack', () => {
  const part = (ended: Promise<string>): Running => ({ pid: 1, started: 'x', ended });

  it('is started again when it ended, until it is released', async () => {
    const reported: string[] = [];
    let starts = 0;
    const again = new Promise<void>((resolve) => {
      const kept = keepRunning(part(Promise.resolve('by SIGKILL')), {
        name: 'worker',
        start: () => {
          starts += 1;
          if (starts === 2) setImmediate(() => resolve(kept.release()));
          return Promise.resolve(part(starts < 2 ? Promise.resolve('with exit code 1') : new Promise(() => undefined)));
        },
        report: (line) => reported.push(line),
      });
    });
    await again;
    expect(reported).toEqual([
      'The worker ended by SIGKILL. Starting it again in 0.5 s.',
      'The worker ended with exit code 1. Starting it again in 1 s.',
    ]);
  });
});
