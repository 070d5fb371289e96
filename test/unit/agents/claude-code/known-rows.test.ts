import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KnownRows } from '../../../../src/agents/claude-code/known-rows.js';
import { readRows, type Block, type Row } from '../../../../src/agents/claude-code/rows.js';
import { turnStateOf } from '../../../../src/agents/claude-code/turn-state.js';
import type { PromptKey } from '../../../../src/agents/driver.js';
import { answer, calls, chained, prompt, result, says } from './rows.js';

let dir: string;
let file: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'continuity-rows-'));
  file = join(dir, 'session.jsonl');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const keyOf = (turn: number) => `c0171d00-0000-8000-8000-00000000000${turn}` as PromptKey;
const turns = [1, 2, 3, 4, 5, 6, 7];
/** Each with a tool, a long text, and one that a person has interrupted. */
const rows: Row[] = chained(
  ...turns.flatMap((turn) => [
    prompt(`Prompt ${turn} ${'x'.repeat(500)}`, keyOf(turn)),
    answer(`a${turn}`, [says('I look.'), calls(`call-${turn}`)], 'tool_use'),
    result(`r${turn}`, `call-${turn}`),
    turn === 2
      ? prompt('[Request interrupted by user]', `interrupted-${turn}`)
      : answer(`b${turn}`, [says(`Reply ${turn} ${'y'.repeat(500)}`)]),
  ]),
);
const append = (row: Row) => appendFile(file, `${JSON.stringify(row)}\n`);

describe('a look that reads what a session has gained sees what a look at the whole file sees', () => {
  test('after each row, of each prompt', async () => {
    const known = new KnownRows();
    for (const row of rows) {
      await append(row);
      const whole = (await readRows(file)) ?? [];
      for (const key of [undefined, ...turns.map(keyOf)])
        expect(turnStateOf((await known.read(file, key)) ?? [], key)).toEqual(turnStateOf(whole, key));
    }
  });

  test('while the last row is being written', async () => {
    const known = new KnownRows();
    for (const row of rows.slice(0, -1)) await append(row);
    await known.read(file);
    const last = JSON.stringify(rows.at(-1));
    for (const part of [last.slice(0, 40), last.slice(40), '\n']) {
      await appendFile(file, part);
      expect(turnStateOf((await known.read(file)) ?? [])).toEqual(turnStateOf((await readRows(file)) ?? []));
    }
  });
});

test('a session without a file is none, and begins anew when it has one', async () => {
  const known = new KnownRows();
  expect(await known.read(file)).toBeUndefined();
  await append(rows[0]!);
  expect(await known.read(file)).toHaveLength(1);
  await rm(file);
  expect(await known.read(file)).toBeUndefined();
});

test('odd texts of old rows keep no session from being read', async () => {
  const known = new KnownRows();
  const texts: unknown[] = [null, 5, {}, ['text']];
  const odd = texts.map((text) => ({ type: 'text', text }) as unknown as Block);
  for (const row of chained({ ...rows[0]!, message: { role: 'user', content: odd } }, ...rows.slice(1))) {
    await append(row);
    await known.read(file);
  }
  expect(turnStateOf((await known.read(file, keyOf(7))) ?? [], keyOf(7)).phase).toBe('ended');
});

test('of an old row, what a tool has returned is not kept', async () => {
  const known = new KnownRows();
  for (const row of rows) await append({ ...row, toolUseResult: 'z'.repeat(1000) });
  expect((await known.read(file))?.filter((row) => 'toolUseResult' in row)).toHaveLength(12);
});
