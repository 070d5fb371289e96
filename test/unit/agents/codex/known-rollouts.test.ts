import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { KnownRollouts } from '../../../../src/agents/codex/known-rollouts.js';
import { RolloutReader, parseRollout } from '../../../../src/agents/codex/rollout.js';
import { goesOn, isAttributable, lastInputOf, turnStateOf } from '../../../../src/agents/codex/turn-state.js';
import { whole } from './records.js';

let dir: string;
let file: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'continuity-rollouts-'));
  file = join(dir, 'rollout.jsonl');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const turns = ['1', '2', '3', '4', '5', '6'];
const records = turns.flatMap((turn) => whole(`t${turn}`, `Prompt ${turn}`, `cty_${turn}`, `Reply ${turn}`));
const readAll = () => readFile(file, 'utf8');

test('a look that reads what a rollout has gained sees what a look at the whole file sees, after each record', async () => {
  const known = new KnownRollouts();
  for (const record of records) {
    await appendFile(file, `${record}\n`);
    const expected = parseRollout(await readAll());
    for (const key of ['', ...turns.map((turn) => `cty_${turn}`)]) {
      const rollout = await known.read(file, key, readAll);
      expect(turnStateOf(rollout, key)).toEqual(turnStateOf(expected, key));
      expect(rollout.records).toBe(expected.records);
      expect(rollout.told).toBe(expected.told);
      expect(lastInputOf(rollout)).toEqual(lastInputOf(expected));
      expect([isAttributable(rollout), goesOn(rollout, true)]).toEqual([
        isAttributable(expected),
        goesOn(expected, true),
      ]);
    }
  }
});

test('a record that is being written is seen as in the whole file', async () => {
  const known = new KnownRollouts();
  await appendFile(
    file,
    records
      .slice(0, -1)
      .map((record) => `${record}\n`)
      .join(''),
  );
  await known.read(file, undefined, readAll);
  for (const part of [records.at(-1)!.slice(0, 30), records.at(-1)!.slice(30), '\n']) {
    await appendFile(file, part);
    const rollout = await known.read(file, 'cty_6', readAll);
    expect(turnStateOf(rollout, 'cty_6')).toEqual(turnStateOf(parseRollout(await readAll()), 'cty_6'));
  }
});

/** The output of a tool, of which no text can be made. */
const deepOutput = `{"timestamp":"","type":"response_item","payload":{"type":"function_call_output","call_id":"x","output":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`;

test('a record that is too deep hides none of those after it', async () => {
  const known = new KnownRollouts();
  await appendFile(file, `${records[0]}\n`);
  await known.read(file, 'cty_1', readAll);
  await appendFile(file, `${[deepOutput, ...records.slice(1)].join('\n')}\n`);
  for (const look of [1, 2])
    expect([look, turnStateOf(await known.read(file, 'cty_1', readAll), 'cty_1').present]).toEqual([look, true]);
});

test('after a look that failed, the next one reads the whole rollout', async () => {
  const known = new KnownRollouts();
  const line = vi.spyOn(RolloutReader.prototype, 'line').mockImplementationOnce(() => {
    throw new RangeError('Maximum call stack size exceeded');
  });
  await appendFile(file, records.map((record) => `${record}\n`).join(''));
  await expect(known.read(file, 'cty_6', readAll)).rejects.toThrow('Maximum call stack');
  expect(turnStateOf(await known.read(file, 'cty_6', readAll), 'cty_6').present).toBe(true);
  line.mockRestore();
});
