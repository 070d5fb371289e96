/**
 * Starts of `continuity up` that are cut short, on odd directories, beside foreign servers, on full
 * disks.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import getPort from 'get-port';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startDevServer } from '../../src/stack/dev-server.js';
import { identityOf } from '../../src/host/process-identity.js';
import { bringUpServer } from '../../src/stack/server-part.js';
import { writeStackRecord } from '../../src/stack/stack-record.js';
import { findTemporal } from '../../src/stack/temporal-binary.js';
import { commandOf, filesOf, isRunning, processesOf } from '../support/processes.js';
import { exited, upBench, type UpBench } from './up-command.js';

let bench: UpBench;

beforeAll(async () => {
  bench = await upBench('boot');
});
afterEach(() => bench.stopAll());
afterAll(() => bench?.dispose());

/** The Temporal servers of the bench that run. */
const servers = () =>
  processesOf(bench.dir).filter(
    (pid) => isRunning(pid) && commandOf(pid).includes('start-dev') && commandOf(pid)[0]?.endsWith('temporal'),
  );
const workers = () =>
  processesOf(bench.dir).filter((pid) => isRunning(pid) && commandOf(pid)[1]?.endsWith('session-worker.js'));

async function namespaceAt(address: string) {
  const connection = await Connection.connect({ address });
  try {
    return await connection.workflowService.describeNamespace({ namespace: 'default' });
  } finally {
    await connection.close();
  }
}

test('killed at any moment of its start, the next continuity up works, with one server and one worker on the directory', async () => {
  const dataDir = join(bench.dir, 'cut-short');
  const seen: number[] = [];
  for (let afterMs = 350; afterMs <= 2750; afterMs += 240) {
    const process = bench.start('--data-dir', dataDir);
    await sleep(afterMs);
    process.kill('SIGKILL');
    await exited(process);
    seen.push(servers().length);
    expect(servers().length, `after ${afterMs} ms`).toBeLessThanOrEqual(1);
    expect(workers().length, `after ${afterMs} ms`).toBeLessThanOrEqual(1);
  }
  // Some of the kills left a server.
  expect(seen).toContain(1);
  const { address } = await bench.up('--data-dir', dataDir);
  expect([servers().length, workers().length]).toEqual([1, 1]);
  expect(await namespaceAt(address)).toBeDefined();
  const { stdout } = await bench.continuity([
    'delegate',
    '--json',
    '--data-dir',
    dataDir,
    '--topic',
    'auth',
    'Add a login endpoint',
  ]);
  expect(JSON.parse(stdout)).toMatchObject({ status: 'completed' });
}, 180_000);

test('a server that no record names is found by what it is, and ended', async () => {
  const dataDir = join(bench.dir, 'no-record');
  const first = await bench.up('--data-dir', dataDir);
  const { server } = await bench.recorded(dataDir);
  first.process.kill('SIGKILL');
  await exited(first.process);
  await rm(join(dataDir, 'stack.json'));
  const second = await bench.up('--data-dir', dataDir);
  expect(second.said()).toContain(
    `Ending the Temporal server that an earlier continuity up left (process ${server.pid}).`,
  );
  expect(second.said()).toContain('Ending the worker that an earlier continuity up left');
  expect([servers().length, workers().length]).toEqual([1, 1]);
});

test('a server that a person started on the database is named, and left alone', async () => {
  const dataDir = join(bench.dir, 'by-hand');
  await mkdir(dataDir, { mode: 0o700 });
  const { path } = await findTemporal();
  const database = join(dataDir, 'temporal.db');
  const byHand = spawn(
    path,
    ['server', 'start-dev', '--headless', '--db-filename', database, '--port', String(await getPort())],
    { stdio: 'ignore' },
  );
  try {
    await expect.poll(() => filesOf(byHand.pid ?? 0)).toContain(database);
    const { exitCode, stderr } = await bench.continuity(['up', '--port', '0', '--data-dir', dataDir]);
    expect(exitCode).toBe(7);
    expect(stderr).toContain(
      `DATA_DIR_LOCKED: A Temporal server that this continuity up did not start has the database ${database} open (process ${byHand.pid}).`,
    );
    expect(byHand.exitCode).toBeNull();
  } finally {
    byHand.kill('SIGKILL');
    await once(byHand, 'exit');
  }
});

test.each([
  ['while the server boots', servers],
  ['while the worker boots', workers],
])(
  'two Ctrl-C %s leave no process',
  async (_when, parts) => {
    const dataDir = join(bench.dir, `twice-${parts.name}`);
    const process = bench.start('--data-dir', dataDir);
    await expect.poll(() => parts().length, { interval: 5 }).toBe(1);
    process.kill('SIGINT');
    await sleep(20);
    process.kill('SIGINT');
    await exited(process);
    await expect.poll(() => [servers().length, workers().length]).toEqual([0, 0]);
  },
  240_000,
);

test('one Ctrl-C while the server boots ends it, and the start with it', async () => {
  const process = bench.start('--data-dir', join(bench.dir, 'once'));
  await expect.poll(() => servers().length, { interval: 5 }).toBe(1);
  process.kill('SIGINT');
  await exited(process);
  expect(process.exitCode).toBe(0);
  expect(servers()).toEqual([]);
});

test('a data directory may have any name, and keeps its own database', async () => {
  const ODDEST = '50%41 off?x=1/über 数据';
  const names = ['a#1', 'a#2', ODDEST];
  for (const name of names) {
    const dataDir = join(bench.dir, 'odd', name);
    const { process, address } = await bench.up('--data-dir', dataDir);
    expect((await stat(join(dataDir, 'temporal.db'))).size, name).toBeGreaterThan(100_000);
    const connection = await Connection.connect({ address });
    const { executions } = await connection.workflowService.listWorkflowExecutions({ namespace: 'default' });
    expect(executions, `${name} shares no database`).toEqual([]);
    await new Client({ connection }).workflow.start('topicSession', {
      workflowId: 'in-this-one',
      taskQueue: 'elsewhere',
    });
    await connection.close();
    if (name === ODDEST) {
      const { stdout } = await bench.continuity([
        'delegate',
        '--json',
        '--data-dir',
        dataDir,
        '--topic',
        'auth',
        'Add a login endpoint',
      ]);
      expect(JSON.parse(stdout), name).toMatchObject({ status: 'completed' });
    }
    process.kill('SIGINT');
    await exited(process);
  }
  expect(existsSync(join(bench.dir, 'odd', 'a'))).toBe(false);
}, 180_000);

test('closed topics are kept for 90 days, also in a database that had one day; what a person has set stays', async () => {
  const days = async (address: string) =>
    Number((await namespaceAt(address)).config?.workflowExecutionRetentionTtl?.seconds) / 86_400;
  const set = async (address: string, to: number) => {
    const connection = await Connection.connect({ address });
    const seconds = (await namespaceAt(address)).config?.workflowExecutionRetentionTtl?.seconds;
    const ttl = { seconds: (seconds as NonNullable<typeof seconds>).mul(0).add(to * 86_400) };
    await connection.workflowService.updateNamespace({
      namespace: 'default',
      config: { workflowExecutionRetentionTtl: ttl },
    });
    await connection.close();
  };
  let { address } = await bench.up();
  expect(await days(address)).toBe(90);
  for (const [before, after] of [
    [1, 90],
    [7, 7],
  ] as const) {
    await set(address, before);
    await bench.stopAll();
    ({ address } = await bench.up());
    expect(await days(address)).toBe(after);
  }
}, 120_000);

test('a foreign Temporal server on the port is not taken for ours', async () => {
  const { path: program } = await findTemporal();
  const [foreign, own] = [join(bench.dir, 'foreign'), join(bench.dir, 'own')];
  await Promise.all([foreign, own].map((dir) => mkdir(join(dir, 'logs'), { recursive: true, mode: 0o700 })));
  const port = await getPort();
  const running = await startDevServer({ program, dataDir: foreign, port, uiPort: 0 });
  const sleeper = spawn('sleep', ['600'], { stdio: 'ignore' });
  try {
    await expect(startDevServer({ program, dataDir: own, port, uiPort: 0 })).rejects.toMatchObject({
      failure: { code: 'TEMPORAL_UNAVAILABLE' },
    });

    // The record names a process that lives, and a port on which a server answers: not the same.
    const identity = await identityOf(sleeper.pid ?? 0);
    const left = {
      pid: sleeper.pid ?? 0,
      started: identity?.started ?? '',
      port,
      uiPort: 0,
      ui: { host: '127.0.0.1', port: 1 },
    };
    await writeStackRecord(own, { server: left });
    const source = {
      dataDir: own,
      env: process.env,
      report: () => undefined,
      signal: new AbortController().signal,
      record: () => Promise.resolve(),
    };
    await expect(bringUpServer(left, { port, uiPort: 0 }, source)).rejects.toMatchObject({
      failure: { message: expect.stringContaining(`Port ${port}`) as string },
    });
  } finally {
    sleeper.kill('SIGKILL');
    process.kill(running.pid, 'SIGKILL');
    await running.ended;
  }
});

const disk = join('/tmp', `continuity-small-disk-${process.pid}`);
const mounted = spawnSync('sh', ['-c', `mkdir -p ${disk} && mount -t tmpfs -o size=24m tmpfs ${disk}`]).status === 0;
if (!mounted) process.stderr.write('Skipped: a full disk needs a tmpfs of its own, and none can be mounted here.\n');
afterAll(async () => {
  if (mounted) spawnSync('umount', ['--lazy', disk]);
  await rm(disk, { recursive: true, force: true });
});

test.skipIf(!mounted)(
  'a disk that is full for its record and its logs does not end it, and it goes on when there is room',
  async () => {
    const dataDir = join(disk, 'data');
    const { process: running, said } = await bench.up('--data-dir', dataDir);
    const { worker } = await bench.recorded(dataDir);
    const filler = join(disk, 'filler');
    await writeFile(filler, Buffer.alloc(64 * 1024 * 1024)).catch(() => undefined); // ENOSPC: that is what it is for.
    process.kill(worker.pid, 'SIGKILL');
    await expect
      .poll(said, { timeout: 60_000 })
      .toMatch(/Starting it again[^]*ENOSPC[^]*Other commands may not find this stack/);
    expect(running.exitCode).toBeNull();
    await rm(filler);
    await bench.stopAll();
    expect(running.exitCode).toBe(0);
    expect([servers(), workers()]).toEqual([[], []]);
  },
  120_000,
);

test.skipIf(!existsSync('/dev/full')).each([
  ['stderr', 2, 0],
  ['stdout', 1, 7],
])(
  'with a full disk behind %s it runs on, ends in order, and its exit code says when its answer was lost',
  async (_name, fd, code) => {
    const full = openSync('/dev/full', 'w');
    const running = bench.startWith(['ignore', ...[1, 2].map((one) => (one === fd ? full : ('ignore' as const)))]);
    closeSync(full);
    try {
      await expect
        .poll(async () => (await bench.recorded().catch(() => undefined))?.worker, { timeout: 60_000 })
        .toBeDefined();
      const { stdout } = await bench.continuity(['delegate', '--json', '--topic', 'auth', 'Anyone there?']);
      expect(JSON.parse(stdout)).toMatchObject({ status: 'completed' });
      const { worker } = await bench.recorded();
      process.kill(worker.pid, 'SIGKILL');
      await expect.poll(async () => (await bench.recorded()).worker.pid, { timeout: 60_000 }).not.toBe(worker.pid);
      expect(running.exitCode).toBeNull();
    } finally {
      running.kill('SIGINT');
      await exited(running);
    }
    expect(running.exitCode).toBe(code);
    expect([servers(), workers()]).toEqual([[], []]);
  },
  240_000,
);
