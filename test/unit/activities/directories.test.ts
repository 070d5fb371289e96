/** Which turn may enter a directory, and who is told of whom. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { Directories, type Stay } from '../../../src/activities/directories.js';
import type { TopicId } from '../../../src/contract/ids.js';

let folder: string;
let directories: Directories;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'continuity-directories-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  directories = new Directories(folder);
});

interface Visit {
  entered: Promise<Stay>;
  isIn: () => boolean;
  waitsFor: string[];
  give: () => void;
}

function visit(topic: string, { alone = true, directory = '/here', of = directories } = {}): Visit {
  const abort = new AbortController();
  const waitsFor: string[] = [];
  let isIn = false;
  const entered = of.enter({
    ...{ directory, topic: topic as TopicId, alone, signal: abort.signal },
    waitsFor: (other) => waitsFor.push(other),
  });
  entered.then(
    () => (isIn = true),
    () => undefined,
  );
  return { entered, isIn: () => isIn, waitsFor, give: () => abort.abort(new Error('given up')) };
}

test('turns that share a directory enter at once, and know of each other', async () => {
  const a = await visit('a', { alone: false }).entered;
  const b = await visit('b', { alone: false }).entered;
  const elsewhere = await visit('c', { alone: false, directory: '/there' }).entered;
  await b.leave();
  const late = await visit('d', { alone: false }).entered;
  expect([a, b, late, elsewhere].map(({ others }) => [...others])).toEqual([['b', 'd'], ['a'], ['a'], []]);
});

test('turns that are to be alone enter one after the other, in their order', async () => {
  const a = await visit('a').entered;
  const b = visit('b');
  const c = visit('c');
  await vi.waitFor(() => expect([b.waitsFor.at(-1), c.waitsFor.at(-1)]).toEqual(['a', 'a']));
  expect((await visit('a', { directory: '/there' }).entered).others.size).toBe(0);
  await a.leave();
  const inB = await b.entered;
  expect(c.isIn()).toBe(false);
  await inB.leave();
  expect((await c.entered).others.size).toBe(0);
});

test('one that is to be alone waits for all that run there, and one that gives up holds up nobody', async () => {
  const shared = await visit('a', { alone: false }).entered;
  const b = visit('b');
  const c = visit('c');
  await vi.waitFor(() => expect(b.waitsFor).toContain('a'));
  b.give();
  await expect(b.entered).rejects.toThrow('given up');
  await shared.leave();
  await c.entered;
});

test('a topic that will be back keeps its place, and goes before the others', async () => {
  const a = await visit('a').entered;
  const b = visit('b');
  await vi.waitFor(() => expect(b.waitsFor).toContain('a'));
  await a.leave(60_000);
  const back = await visit('a').entered;
  expect(b.isIn()).toBe(false);
  await back.leave();
  await b.entered;
});

test('a place that nobody comes back to is given away', async () => {
  const a = await visit('a').entered;
  const b = visit('b');
  await a.leave(20);
  await b.entered;
});

test('a worker that was killed leaves its places to the next one', async () => {
  await visit('a').entered;
  await writeFile(join(folder, 'half.json'), '{"direct');
  const of = new Directories(folder);
  const b = visit('b', { of });
  await vi.waitFor(() => expect(b.waitsFor).toContain('a'));
  const back = await visit('a', { of }).entered;
  await back.leave();
  await (await b.entered).leave();
  expect(await readdir(folder)).toEqual([]);
});
