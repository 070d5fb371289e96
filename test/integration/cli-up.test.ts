/** `continuity up` as a person runs it, with the real OpenCode and a scripted model. */
import { chmod, cp, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { TurnResult } from '../../src/contract/types.js';
import { isRunning, processesOf } from '../support/processes.js';
import type { Continuity } from './cli-command.js';
import { exited, upBench, type Up, type UpBench } from './up-command.js';

let bench: UpBench;
let dir: string;
let dataDir: string;
let continuity: Continuity;
let up: UpBench['up'];

beforeAll(async () => {
  bench = await upBench('up');
  ({ dir, dataDir, continuity } = bench);
  up = (...words) => bench.up(...words);
});
afterEach(() => bench.stopAll());
afterAll(() => bench?.dispose());

async function killed({ process }: Up): Promise<void> {
  process.kill('SIGKILL');
  await exited(process);
}

async function delegated(...words: string[]): Promise<TurnResult> {
  const { stdout } = await continuity(['delegate', '--json', '--topic', 'auth', ...words]);
  return JSON.parse(stdout) as TurnResult;
}

test('after kill -9 of continuity up the next one goes on where it was, and Ctrl-C leaves no process', async () => {
  const first = await up();
  const opened = await delegated('Add a login endpoint');
  expect(opened).toMatchObject({ status: 'completed', session: { kind: 'new' } });

  await killed(first);
  const second = await up();
  expect(second.said()).toMatch(/Ending the worker that an earlier continuity up left/);
  expect(second.said()).toMatch(/Taking over the Temporal server that an earlier continuity up left/);
  expect(second.address).toBe(first.address);
  const followed = await delegated('Fix: rate limiting');
  expect(followed).toMatchObject({
    status: 'completed',
    session_id: opened.session_id,
    session: { kind: 'resumed' },
    turn: 2,
  });
  expect(followed.reply).toContain('You asked before: "Add a login endpoint"');

  second.process.kill('SIGINT');
  await exited(second.process);
  expect(second.process.exitCode).toBe(0);
  await expect.poll(() => processesOf(dir)).toEqual([]);

  const third = await up();
  expect(third.said()).not.toMatch(/earlier/);
  expect(await delegated('And tests')).toMatchObject({ session_id: opened.session_id, turn: 3 });
}, 120_000);

test('promise 3: continuity up on a copy of a directory in use is refused, and ends nothing of the one that runs', async () => {
  await up();
  const { worker } = await bench.recorded();
  const copy = join(dir, 'copied');
  await cp(dataDir, copy, { recursive: true, filter: (source) => !source.endsWith('.lock') });
  await chmod(copy, 0o700);
  const second = bench.start('--data-dir', copy);
  await expect.poll(() => second.exitCode).toBe(7);
  expect((await second).stdout).toContain('DATA_DIR_LOCKED');
  expect((await bench.recorded()).worker).toEqual(worker);
  expect(isRunning(worker.pid)).toBe(true);
}, 120_000);

test('what it keeps is its owner’s alone', async () => {
  await up();
  for (const name of ['', 'logs']) expect((await stat(join(dataDir, name))).mode & 0o077, name).toBe(0);
  for (const name of [
    'temporal.db',
    'stack.json',
    'up.lock',
    'worker.lock',
    'host-id',
    'logs/temporal.log',
    'logs/worker.log',
  ]) {
    expect((await stat(join(dataDir, name))).mode & 0o077, name).toBe(0);
  }
});

test('a worker and a server that die are started again, and the topic goes on', async () => {
  const { said } = await up();
  const record = JSON.parse(await readFile(join(dataDir, 'stack.json'), 'utf8')) as Record<
    'worker' | 'server',
    { pid: number }
  >;
  process.kill(record.worker.pid, 'SIGKILL');
  await expect
    .poll(said, { timeout: 60_000 })
    .toMatch(/The worker ended by SIGKILL\. Starting it again in 0\.5 s\.[^]*worker is ready/);
  process.kill(record.server.pid, 'SIGKILL');
  await expect.poll(said, { timeout: 60_000 }).toMatch(/The Temporal server ended by SIGKILL/);
  expect(await delegated('Still there?')).toMatchObject({ status: 'completed', session: { kind: 'resumed' } });
});

test('it goes on when whoever read its output has gone', async () => {
  const { process: running } = await up();
  running.stdout.destroy();
  running.stderr.destroy();
  const { worker } = JSON.parse(await readFile(join(dataDir, 'stack.json'), 'utf8')) as { worker: { pid: number } };
  process.kill(worker.pid, 'SIGKILL');
  expect(await delegated('Anyone there?')).toMatchObject({ status: 'completed' });
  expect(running.exitCode).toBeNull();
});

test('a second one, and a second worker, on the same data directory are refused', async () => {
  await up();
  const another = await continuity(['up', '--port', '0']);
  expect(another.exitCode).toBe(7);
  expect(another.stderr).toMatch(
    new RegExp(`^DATA_DIR_LOCKED: continuity up already runs on ${dataDir} \\(process \\d+\\)`),
  );
  const worker = await continuity(['worker']);
  expect(worker.exitCode).toBe(7);
  expect(worker.stderr).toMatch(new RegExp(`^DATA_DIR_LOCKED: A worker already runs on ${dataDir} \\(process \\d+\\)`));
});

test('a port that another program uses is named, and nothing is left running', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const { stderr, exitCode } = await continuity(['up', '--port', `${port}`]);
  await new Promise((resolve) => server.close(resolve));
  expect(exitCode).toBe(7);
  expect(stderr).toMatch(
    new RegExp(
      `^TEMPORAL_UNAVAILABLE: Port ${port} of 127\\.0\\.0\\.1 is in use by another program\\.\nName another with --port N`,
    ),
  );
  expect(processesOf(dir)).toEqual([]);
});

test('a data directory that can’t be one is refused', async () => {
  const file = join(dir, 'a-file');
  await writeFile(file, '');
  const { stderr, exitCode } = await continuity(['up', '--data-dir', file]);
  expect(exitCode).toBe(7);
  expect(stderr).toMatch(
    new RegExp(`^DATA_DIR_UNWRITABLE: Data directory ${file} is not writable: .+\nMake it writable`),
  );
});

test('a database whose first start was cut short is put aside, and a new one begun', async () => {
  const cut = join(dir, 'cut');
  await mkdir(cut, { mode: 0o700 });
  await writeFile(join(cut, 'temporal.db'), '');
  await writeFile(join(cut, 'temporal.db.unready'), '');
  const { address } = await up('--data-dir', cut);
  expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
});

test('in a terminal’s own words: addresses, how to delegate and how to stop', async () => {
  const process = bench.continuity(['up', '--port', '0']);
  let out = '';
  process.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  await expect
    .poll(() => out, { timeout: 60_000 })
    .toMatch(
      /^Temporal {3}127\.0\.0\.1:\d+\nWeb UI {5}http:\/\/127\.0\.0\.1:\d+\nData {7}.+\nAgent {6}.+\nDelegate {3}continuity delegate --topic .+\nStop {7}Ctrl-C\n$/,
    );
  const ui = /http:\S+/.exec(out)?.[0] ?? '';
  expect((await fetch(ui)).status).toBe(200);
  process.kill('SIGINT');
  await exited(process);
});
