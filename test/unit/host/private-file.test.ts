import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writePrivateFile } from '../../../src/host/private-file.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'continuity-private-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test.each([{ durable: true }, { durable: false }])('writers at the same time all succeed: %j', async (options) => {
  const file = join(folder, 'below', 'note');
  const texts = Array.from({ length: 50 }, (_, i) => `${i} `.repeat(1000));
  await Promise.all(texts.map((text) => writePrivateFile(file, text, options)));
  expect(texts).toContain(await readFile(file, 'utf8'));
  expect(await readdir(join(folder, 'below'))).toEqual(['note']);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('a file that cannot be replaced leaves no draft', async () => {
  await writePrivateFile(join(folder, 'taken', 'inside'), '');
  await expect(writePrivateFile(join(folder, 'taken'), 'text')).rejects.toThrow();
  expect(await readdir(folder)).toEqual(['taken']);
});
