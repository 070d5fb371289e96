import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { PromptKey, Sight } from '../../../../src/agents/driver.js';
import { Parking } from '../../../../src/agents/turn/parking.js';
import { PromptNotes } from '../../../../src/agents/turn/prompt-notes.js';
import type { Ask } from '../../../../src/contract/asks.js';
import { failure } from '../../../../src/contract/failures.js';

const KEY = 'key' as PromptKey;
const because = failure('AGENT_RATE_LIMITED', 'The provider refused for now.');
const idle: Sight = {
  ...{ prompt: 'present', superseded: false, busy: false, steps: 1, fingerprint: 'one' },
  done: () => [],
  said: () => ({ reply: '' }),
};
const LIMITED = { status: 'failed', error: { code: 'AGENT_RATE_LIMITED' } };

let folder: string;
let notes: PromptNotes;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'continuity-parking-'));
  notes = new PromptNotes(folder);
  vi.useFakeTimers({ toFake: ['Date', 'performance'] });
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true });
});

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();

test('a turn is cut off for a wait of an hour, which is noted, and not for one of some seconds', async () => {
  const parking = new Parking(KEY, notes, true);
  parking.on({ type: 'refused', because, until: inSeconds(30) });
  expect(await parking.begins(undefined)).toBe(false);
  const until = inSeconds(3600);
  parking.on({ type: 'refused', because, until });
  expect(await parking.begins(undefined)).toBe(true);
  expect(await notes.has('parked', KEY)).toBe(true);
  parking.on({ type: 'refused' }); // The turn was aborted.
  expect(await parking.endOf(idle, false, undefined)).toMatchObject({ ...LIMITED, until });
});

test('an agent that does not say when it asks again is cut off after a minute without an answer', async () => {
  const parking = new Parking(KEY, notes, true);
  parking.on({ type: 'refused', because });
  expect(await parking.begins(undefined)).toBe(false);
  vi.advanceTimersByTime(59_000);
  expect(await parking.begins(undefined)).toBe(false);
  parking.on({ type: 'refused', because }); // It has asked again.
  vi.advanceTimersByTime(2_000);
  expect(await parking.begins(undefined)).toBe(true);
  const outcome = await parking.endOf(idle, false, undefined);
  expect(outcome).toMatchObject(LIMITED);
  expect(outcome).not.toHaveProperty('until');
});

test('an agent that asks again every few seconds is cut off after a quarter of an hour without an answer', async () => {
  const parking = new Parking(KEY, notes, true);
  for (let waited = 0; waited < 15 * 60; waited += 30) {
    parking.on({ type: 'refused', because, until: inSeconds(30) });
    expect(await parking.begins(undefined)).toBe(false);
    vi.advanceTimersByTime(30_000);
  }
  expect(await parking.begins(undefined)).toBe(true);
});

test('an answer of the provider ends the wait', async () => {
  const parking = new Parking(KEY, notes, true);
  parking.on({ type: 'refused', because });
  parking.on({ type: 'refused' });
  vi.advanceTimersByTime(120_000);
  expect(await parking.begins(undefined)).toBe(false);
});

test('the note of an attempt before this one is reported, unless the turn goes on', async () => {
  await notes.add('parked', KEY);
  expect(await new Parking(KEY, notes, true).endOf(idle, false, undefined)).toMatchObject(LIMITED);
  const parking = new Parking(KEY, notes, true);
  expect(await parking.endOf(idle, true, undefined)).toBeUndefined();
  await parking.end();
  parking.on({ type: 'refused', because, until: inSeconds(3600) });
  expect(await parking.begins(undefined)).toBe(true);
  expect(await parking.endOf(idle, true, undefined)).toMatchObject(LIMITED);
});

test('a turn that was cut off for a budget asks, also when less is counted later, and after the death of its worker', async () => {
  const ask: Ask = { ask_id: 'budget-1', kind: 'budget', text: 'Go on?', takes: ['allow', 'deny'] };
  const parking = new Parking(KEY, notes, false);
  expect(await parking.begins(undefined)).toBe(false);
  expect(await parking.begins({ ask })).toBe(true);
  expect(await parking.begins(undefined)).toBe(true);
  expect(await parking.endOf(idle, false, undefined)).toEqual({ ask });
  const next = new Parking(KEY, notes, false);
  expect(await next.endOf(idle, false, { ask })).toEqual({ ask });
  await next.end();
  expect(await next.begins(undefined)).toBe(false);
  expect(await next.endOf(idle, false, { ask })).toBeUndefined();
});
