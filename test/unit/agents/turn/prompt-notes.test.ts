import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { PromptKey } from '../../../../src/agents/driver.js';
import { PromptNotes } from '../../../../src/agents/turn/prompt-notes.js';

const DAY_MS = 24 * 60 * 60 * 1000;

test('what was cancelled is remembered, for 90 days', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'continuity-cancelled-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const folder = join(dir, 'cancelled');
  const notes = new PromptNotes(dir);
  const key = (name: string) => name as PromptKey;
  await notes.prune();
  for (const [id, days] of [
    ['msg_old', 91],
    ['msg_again', 91],
    ['msg_recent', 89],
  ] as const) {
    await notes.add('cancelled', key(id));
    const then = new Date(Date.now() - days * DAY_MS);
    await utimes(join(folder, id), then, then);
  }
  await notes.add('cancelled', key('msg_again'));
  await notes.prune();
  expect((await readdir(folder)).sort()).toEqual(['msg_again', 'msg_recent']);
  expect(await notes.has('cancelled', key('msg_recent'))).toBe(true);
  expect(await notes.has('cancelled', key('msg_old'))).toBe(false);
});
