/** Promise 7: what a turn costs in history. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  // A topic rolls over some twenty times in 500 turns; each time the server lets a second pass
  // between two runs (history.continueAsNewMinInterval).
  world = await startWorld({ extraArgs: ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=300'] });
});
afterAll(() => world?.dispose());

async function sizeOf(topic: string): Promise<{ run: string; events: number; bytes: number }> {
  const { runId, historyLength, historySize } = await world.client.workflow.getHandle(`topic/${topic}`).describe();
  return { run: runId, events: historyLength, bytes: historySize ?? 0 };
}

/** What one more turn adds to the run that it happens in; none when the run rolled over in it. */
async function costOf(topic: string, prompt: string, options = {}) {
  const before = await sizeOf(topic);
  const result = await world.manager.delegate(topic, prompt, options);
  // The last events (the upsert that says idle) are written when the outcome is out.
  await expect.poll(async () => (await world.manager.view(topic)).state).toBe('idle');
  const after = await sizeOf(topic);
  return {
    result,
    events: after.events - before.events,
    bytes: after.bytes - before.bytes,
    rolled: before.run !== after.run,
  };
}

const prompt = 'Fix: '.padEnd(300, 'x');

test('promise 7: a follow-up turn costs at most 14 events and 8 KiB plus twice its reply', async () => {
  const topic = randomUUID();
  await world.manager.delegate(topic, prompt, { category: 'quick' });
  const first = await sizeOf(topic);
  const { events, bytes, result } = await costOf(topic, prompt);
  process.stdout.write(
    `history: first turn ${first.events} events, ${first.bytes} bytes; follow-up ${events} events, ${bytes} bytes, reply ${result.reply.length}\n`,
  );
  expect(events).toBeLessThanOrEqual(14);
  expect(bytes).toBeLessThanOrEqual(8 * 1024 + 2 * Buffer.byteLength(result.reply));
});

test('a topic that is idle costs nothing: no timer, no activity and no task waits for it', async () => {
  const topic = randomUUID();
  await world.manager.delegate(topic, prompt);
  await expect.poll(async () => (await world.manager.view(topic)).state).toBe('idle');
  const handle = world.client.workflow.getHandle(`topic/${topic}`);
  const { raw } = await handle.describe();
  expect({ activities: raw.pendingActivities, task: raw.pendingWorkflowTask ?? null }).toEqual({
    activities: [],
    task: null,
  });
  const { events } = await handle.fetchHistory();
  expect(events?.filter((event) => event.timerStartedEventAttributes)).toEqual([]);
});

test('promise 7: all that a turn said is in its outcome within the same bound', async () => {
  const topic = randomUUID();
  await world.manager.delegate(topic, prompt, { category: 'quick' });
  const { events, bytes, result } = await costOf(topic, `[[parts: 100000]] ${prompt}`.slice(0, 300));
  expect(result.reply_parts).toHaveLength(2);
  expect(result.reply_parts_truncated).toBe(true);
  expect(events).toBeLessThanOrEqual(14);
  expect(bytes).toBeLessThanOrEqual(8 * 1024 + 2 * Buffer.byteLength(result.reply));
});

test('a large reply stands in history twice and no more', async () => {
  const topic = randomUUID();
  await world.manager.delegate(topic, prompt, { category: 'quick' });
  const { bytes, result } = await costOf(topic, '[[big: 100000]]');
  expect(result.reply).toHaveLength(100_000);
  expect(bytes).toBeLessThanOrEqual(8 * 1024 + 200_000);
});

test('promise 7: turn 500 costs no more than turn 5, and is in the same session', async () => {
  const topic = randomUUID();
  const ask = '[[say: done]] x';
  const first = await world.manager.delegate(topic, ask);
  for (let turn = 2; turn < 5; turn += 1) await world.manager.delegate(topic, ask);
  const fifth = await costOf(topic, ask);
  const handle = world.client.workflow.getHandle(`topic/${topic}`);
  for (let turn = 6; turn < 498; turn += 1) {
    await handle.signal('prompt', { prompt: ask, prompt_id: `p${turn}` });
    if (turn % 100 === 0 || turn === 497) await world.manager.wait(topic, `p${turn}`);
  }
  // A run can roll over in the very turn that is looked at: the next one cannot, again.
  let late = await costOf(topic, ask);
  while (late.rolled || late.result.turn < 500) late = await costOf(topic, ask);
  process.stdout.write(
    `history: turn 5 ${fifth.events} events, ${fifth.bytes} bytes; turn ${late.result.turn} ${late.events} events, ${late.bytes} bytes\n`,
  );
  expect(late.result.session_id).toBe(first.session_id);
  expect(late.events).toBeLessThanOrEqual(fifth.events);
  // The numbers of the turns have a digit or two more.
  expect(late.bytes).toBeLessThanOrEqual(fifth.bytes + 64);
}, 180_000);
