import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GrowingFile } from '../../../../src/agents/shared/growing-file.js';

let dir: string;
let path: string;
let file: GrowingFile;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'continuity-growing-'));
  path = join(dir, 'session.jsonl');
  file = new GrowingFile(path);
  await writeFile(path, 'one\ntwo\n');
  expect(await file.gained()).toEqual({ isWhole: true, lines: ['one', 'two'] });
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('a look at a file', () => {
  test('reads what was appended since the last one', async () => {
    expect(await file.gained()).toEqual({ isWhole: false, lines: [] });
    await appendFile(path, 'thrée\n\nfour\n');
    expect(await file.gained()).toEqual({ isWhole: false, lines: ['thrée', 'four'] });
  });

  test('reads nothing of a line that has no end yet, and all of it later', async () => {
    await appendFile(path, 'thr');
    expect(await file.gained()).toBeUndefined();
    await appendFile(path, 'ee\n');
    expect(await file.gained()).toEqual({ isWhole: false, lines: ['three'] });
  });

  test('reads all of a file that was cut, replaced or changed', async () => {
    await writeFile(path, 'one\n');
    expect(await file.gained()).toEqual({ isWhole: true, lines: ['one'] });
    await writeFile(`${path}.new`, 'one\nother\n');
    await rename(`${path}.new`, path);
    expect(await file.gained()).toEqual({ isWhole: true, lines: ['one', 'other'] });
    await writeFile(path, 'ONE\nother\nthree\n');
    expect(await file.gained()).toEqual({ isWhole: true, lines: ['ONE', 'other', 'three'] });
  });

  test('reads all of a file that was changed in place, with the same length and the same end', async () => {
    const end = `${'end'.repeat(200)}\n`;
    await writeFile(path, `one\n${end}`);
    await file.gained();
    await writeFile(path, `two\n${end}`);
    expect(await file.gained()).toEqual({ isWhole: true, lines: ['two', end.trim()] });
    await writeFile(path, `six\n${end}more\n`);
    expect(await file.gained()).toEqual({ isWhole: true, lines: ['six', end.trim(), 'more'] });
  });

  test('gives each line to one of two looks at once', async () => {
    await appendFile(path, 'three\n');
    const gained = await Promise.all([file.gained(), file.gained()]);
    expect(gained.map((one) => one?.lines)).toEqual([['three'], []]);
  });

  test('tells of a file that is gone', async () => {
    await rm(path);
    await expect(file.gained()).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
