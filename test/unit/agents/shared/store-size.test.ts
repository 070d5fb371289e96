import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { noteOfSize } from '../../../../src/agents/shared/store-size.js';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'continuity-store-'));
  await mkdir(join(dir, 'projects', 'one'), { recursive: true });
  await writeFile(join(dir, 'projects', 'one', 'a.jsonl'), 'x'.repeat(600));
  await writeFile(join(dir, 'opencode.db'), 'x'.repeat(100));
  await writeFile(join(dir, 'opencode.db-wal'), 'x'.repeat(500));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test('a large store is told with its size, also a database with what lies beside it', async () => {
  expect(await noteOfSize(join(dir, 'projects'), 600)).toContain(`The store ${join(dir, 'projects')} has`);
  expect(await noteOfSize(join(dir, 'opencode.db'), 600)).toContain('GB');
});

test('a small one, one that is not there yet, and one that is no path are not', async () => {
  expect(await noteOfSize(join(dir, 'projects'), 601)).toBeUndefined();
  expect(await noteOfSize(join(dir, 'opencode.db'), 601)).toBeUndefined();
  expect(await noteOfSize(join(dir, 'not-there'), 1)).toBeUndefined();
  expect(await noteOfSize('gemini --acp', 1)).toBeUndefined();
});
