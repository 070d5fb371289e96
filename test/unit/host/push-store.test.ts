/** What a server has to report outlives it, and goes to one server. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PushTask } from '../../../src/contract/pushes.js';
import { pushStoreIn, type PushOwner } from '../../../src/host/push-store.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'continuity-pushes-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const storeOf = (other: Partial<PushOwner> = {}, note?: (line: string) => void) =>
  pushStoreIn(dir, { client: 'claude', cwd: '/p', temporal: ['', 'default'], ...other }, note);

const taskOf = (prompt_id: string, at = new Date().toISOString()): PushTask => ({
  topic: 't',
  prompt_id,
  told: [],
  at,
});
const folder = () => join(dir, 'mcp', readdirSync(join(dir, 'mcp'))[0] ?? '');
const files = () => readdirSync(folder()).sort();

/** As a server leaves it that has ended. */
async function left(task: PushTask): Promise<void> {
  const store = await storeOf();
  await store.keep(task);
  const child = spawn('true');
  await once(child, 'exit');
  for (const name of files())
    if (name.includes(`.${process.pid}.`))
      renameSync(join(folder(), name), join(folder(), name.replace(`.${process.pid}.`, `.${child.pid}.`)));
}

test('a task of a server that lives is not taken over, and that of one that has ended is, once', async () => {
  const store = await storeOf();
  await store.keep(taskOf('own'));
  expect(await store.takeOver()).toEqual([]);
  await store.drop(taskOf('own'));
  await left(taskOf('left'));
  const taken = await Promise.all(Array.from({ length: 5 }, () => store.takeOver()));
  expect(taken.flat().map(({ prompt_id }) => prompt_id)).toEqual(['left']);
  expect(await store.takeOver()).toEqual([]);
  await store.drop(taskOf('left'));
  expect(files()).toEqual([]);
});

test('another client, and the same one in another directory or with another Temporal, do not get it', async () => {
  await left(taskOf('left'));
  expect(await (await storeOf({ temporal: ['', 'other'] })).takeOver()).toEqual([]);
  expect(await (await storeOf({ temporal: ['temporal.example:7233', 'default'] })).takeOver()).toEqual([]);
  expect(await (await storeOf({ client: 'codex' })).takeOver()).toEqual([]);
  expect(await (await storeOf({ cwd: '/q' })).takeOver()).toEqual([]);
  expect(await (await storeOf()).takeOver()).toHaveLength(1);
});

test('what is a week old, or no task, is removed', async () => {
  await left(taskOf('old', new Date(Date.now() - 8 * 24 * 60 * 60 * 1000).toISOString()));
  await left(taskOf('broken'));
  const broken = files().find((name) => readFileSync(join(folder(), name), 'utf8').includes('broken')) ?? '';
  writeFileSync(join(folder(), broken), '{"topic":');
  expect(await (await storeOf()).takeOver()).toEqual([]);
  expect(files()).toEqual([]);
});

test('what is no file of ours is left alone, and keeps nothing from being taken over', async () => {
  await left(taskOf('left'));
  const name = files()[0] ?? '';
  mkdirSync(join(folder(), name.replace(/^.{24}/, '0'.repeat(24))));
  writeFileSync(join(folder(), 'notes.json'), 'mine');
  const store = await storeOf();
  expect((await store.takeOver()).map(({ prompt_id }) => prompt_id)).toEqual(['left']);
  expect(files()).toHaveLength(3);
  expect(readFileSync(join(folder(), 'notes.json'), 'utf8')).toBe('mine');
});

test('the draft of a server that was killed is removed, and that of one that lives is not', async () => {
  await left(taskOf('left'));
  const name = files()[0] ?? '';
  writeFileSync(join(folder(), `${name}.0123abcd.new`), '{"topic":');
  const store = await storeOf();
  await store.keep(taskOf('own'));
  const own = files().find((one) => one.includes(`.${process.pid}.`)) ?? '';
  writeFileSync(join(folder(), `${own}.0123abcd.new`), '');
  expect((await store.takeOver()).map(({ prompt_id }) => prompt_id)).toEqual(['left']);
  expect(files().filter((one) => one.endsWith('.new'))).toEqual([`${own}.0123abcd.new`]);
});

test('a file that cannot be taken over is named, and keeps none of the others', async () => {
  await left(taskOf('one'));
  await left(taskOf('two'));
  const own = await storeOf();
  await own.keep(taskOf('own'));
  const [, mine = ''] = /^.{24}(.*)$/.exec(files().find((one) => one.includes(`.${process.pid}.`)) ?? '') ?? [];
  const [first = ''] = files().filter((one) => !one.endsWith(mine));
  mkdirSync(join(folder(), first.slice(0, 24) + mine)); // No file can have its name.
  const noted: string[] = [];
  expect(await (await storeOf({}, (line) => noted.push(line))).takeOver()).toHaveLength(1);
  expect(noted).toEqual([expect.stringContaining(first)]);
});

test('what is left and cannot be looked at is no empty folder', async () => {
  writeFileSync(join(dir, 'mcp'), 'a file');
  await expect((await storeOf()).takeOver()).rejects.toMatchObject({ code: 'ENOTDIR' });
});

test('of more than 200 the newest are taken over, and the others are removed', async () => {
  await left(taskOf('first', new Date(Date.now() - 1000).toISOString()));
  const name = files()[0] ?? '';
  for (let i = 0; i < 200; i += 1)
    writeFileSync(join(folder(), name.replace(/^.{24}/, String(i).padStart(24, '0'))), JSON.stringify(taskOf(`p${i}`)));
  const store = await storeOf();
  const taken = await store.takeOver();
  expect(taken).toHaveLength(200);
  expect(taken.some(({ prompt_id }) => prompt_id === 'first')).toBe(false);
  expect(files()).toHaveLength(200);
});
