import { closeSync, writeSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openLog, watchLog } from '../../../src/stack/logs.js';

let dir: string;
let file: string;
let followed: string;
let child: number;
const reported: string[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'continuity-logs-'));
  file = join(dir, 'worker.log');
  followed = '';
  reported.length = 0;
  child = openLog(file);
});
afterEach(async () => {
  closeSync(child);
  await rm(dir, { recursive: true, force: true });
});

const watch = (rollOverAt = 1000) =>
  watchLog(file, { write: (text) => (followed += text), report: (line) => reported.push(line), rollOverAt });
const sizeOf = async (name: string) => (await stat(name)).size;

it('a log rolls over while its child writes, and every line is followed', async () => {
  const log = await watch();
  let wrote = '';
  for (let n = 0; n < 60; n++) {
    const line = `line ${n} ${'x'.repeat(90)}\n`;
    wrote += line;
    writeSync(child, line);
    await expect.poll(() => followed).toBe(wrote);
    expect(await sizeOf(file)).toBeLessThan(1000 + 2 * line.length);
  }
  await log.stop();
  expect((await readdir(dir)).sort()).toEqual(['worker.log', 'worker.log.old']);
  expect((await stat(`${file}.old`)).mode & 0o077).toBe(0);
  // What is on the disk are the newest lines.
  expect(wrote.endsWith((await readFile(`${file}.old`, 'utf8')) + (await readFile(file, 'utf8')))).toBe(true);
});

it('a log that another program moved away is followed to its new file', async () => {
  const log = await watch();
  writeSync(child, 'one\n');
  await rename(file, join(dir, 'rotated'));
  writeSync(child, 'two\n');
  const next = openLog(file);
  writeSync(next, 'three\n');
  await expect.poll(() => followed).toBe('one\ntwo\nthree\n');
  closeSync(next);
  await log.stop();
});

it('a character that is written in two halves is handed on whole', async () => {
  const log = await watch();
  const [first, ...rest] = Buffer.from('ü');
  writeSync(child, Buffer.concat([Buffer.from('x'), Buffer.from([first ?? 0])]));
  await expect.poll(() => followed).toBe('x');
  writeSync(child, Buffer.from([...rest, 10]));
  await expect.poll(() => followed).toBe('xü\n');
  await log.stop();
});

it('what is written up to the end is handed on', async () => {
  const log = await watch();
  writeSync(child, 'last words\n');
  await log.stop();
  expect(followed).toBe('last words\n');
  expect(reported).toEqual([]);
});
