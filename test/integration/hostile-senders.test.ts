/** Whatever arrives from outside is noted and shown; no topic is wedged, ended or slowed by it. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PromptRequest, TurnResult } from '../../src/contract/types.js';
import type { TopicView } from '../../src/contract/views.js';
import { startWorld, type World } from '../support/world.js';

const bytes = (text: string) => new TextEncoder().encode(text);

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.dispose());

let topic: string;
let handle: WorkflowHandle;
/** Of the first prompt, which is answered before anything hostile comes. */
let session: string;
beforeEach(async () => {
  topic = `t-${randomUUID()}`;
  handle = world.client.workflow.getHandle(`topic/${topic}`);
  session = (await world.manager.delegate(topic, 'one')).session_id ?? '';
});

interface RawPayload {
  metadata?: Record<string, Uint8Array>;
  data?: Uint8Array;
}

const raw = (encoding: string, data: string | Uint8Array): RawPayload => ({
  metadata: { encoding: bytes(encoding) },
  data: typeof data === 'string' ? bytes(data) : data,
});

/** As a sender with a codec of its own, or with none. */
async function send(payloads: RawPayload[], signalName = 'prompt'): Promise<void> {
  const workflowExecution = { workflowId: `topic/${topic}` };
  await world.client.workflowService.signalWorkflowExecution({
    namespace: 'default',
    workflowExecution,
    signalName,
    input: { payloads },
  });
}

const view = () => handle.query<TopicView>('view');

async function failedTasks(): Promise<number> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).filter(
    (event) => event.workflowTaskFailedEventAttributes || event.workflowTaskTimedOutEventAttributes,
  ).length;
}

describe('a signal', () => {
  test.each<[string, RawPayload[], string?]>([
    ['of JSON nested 30,000 deep', [raw('json/plain', '['.repeat(30_000) + ']'.repeat(30_000))]],
    [
      'of objects nested 30,000 deep within a prompt',
      [raw('json/plain', `{"prompt":${'{"a":'.repeat(30_000)}1${'}'.repeat(30_000)}}`)],
    ],
    ['of bytes that are not JSON', [raw('json/plain', '{nonsense')]],
    ['of bytes that are not UTF-8', [raw('json/plain', new Uint8Array([0xff, 0xfe, 0x22]))]],
    ['of no bytes', [raw('json/plain', '')]],
    ['of a protobuf as JSON', [raw('json/protobuf', '{}')]],
    ['of a protobuf', [raw('binary/protobuf', new Uint8Array([8, 1]))]],
    ['that is encrypted', [raw('binary/encrypted', new Uint8Array([1, 2, 3, 255]))]],
    ['of bytes', [raw('binary/plain', new Uint8Array([1, 2, 3]))]],
    ['without metadata', [{ data: bytes('{"prompt":"x"}') }]],
    ['without a payload', []],
    ['of null', [raw('binary/null', '')]],
    ['with a prompt_id of the topic', [raw('json/plain', '{"prompt":"x","prompt_id":"@fix/1/a"}')]],
    ['with the prototype of an object as a field', [raw('json/plain', '{"__proto__":{"prompt":"x"}}')]],
    [
      'of a request of 200 KiB',
      [
        raw(
          'json/plain',
          JSON.stringify({ prompt: 'x', checks: Array.from({ length: 10 }, () => ({ run: 'x'.repeat(20_000) })) }),
        ),
      ],
    ],
    ['of another name', [raw('json/plain', '"x"')], 'promt'],
  ])('%s is refused and shown, and the next prompt is answered', async (_, payloads, name) => {
    await send(payloads, name);
    const next = await world.manager.delegate(topic, 'two');
    expect(next).toMatchObject({ status: 'completed', session_id: session });
    const { refused, refused_total } = await view();
    expect(refused).toMatchObject([{ error: { code: expect.stringMatching(/INVALID_PROMPT|PROMPT_TOO_LARGE/) } }]);
    expect(refused_total).toBe(1);
    expect(await failedTasks()).toBe(0);
    expect(world.agent.promptsIn(session)).toEqual(['one', 'two']);
  });

  test('with half of a surrogate pair and NUL is put in with U+FFFD, and the same request again attaches', async () => {
    const prompt = 'two \ud83d \0 broken';
    const request = { prompt, prompt_id: 'broken' } as PromptRequest;
    await send([raw('json/plain', JSON.stringify(request))]);
    const outcome = await world.manager.delegate(topic, prompt, { prompt_id: 'broken' });
    expect(outcome).toMatchObject({
      status: 'completed',
      session_id: session,
      goal: expect.stringContaining('broken'),
    });
    expect(world.agent.promptsIn(session)).toEqual(['one', 'two \ufffd \ufffd broken']);
    expect(await failedTasks()).toBe(0);
    await expect(world.manager.delegate(topic, 'two broken', { prompt_id: 'broken' })).rejects.toMatchObject({
      code: 'PROMPT_ID_REUSED',
    });
  });

  test('with more payloads than one is read by its first', async () => {
    await send([raw('json/plain', '"two"'), raw('json/plain', '{nonsense'), raw('binary/encrypted', 'x')]);
    await expect.poll(() => world.agent.promptsIn(session)).toEqual(['one', 'two']);
  });

  test('of any bytes never fails a workflow task', async () => {
    const encodings = ['json/plain', 'json/protobuf', 'binary/plain', 'x'];
    for (let i = 0; i < 60; i += 1) {
      const data = new Uint8Array(Array.from({ length: i * 7 }, (_, at) => (at * 31 + i * 17) % 256));
      await send([raw(encodings[i % encodings.length] ?? '', data)]);
    }
    expect(await world.manager.delegate(topic, 'two')).toMatchObject({ status: 'completed', session_id: session });
    expect(await failedTasks()).toBe(0);
    expect((await view()).refused_total).toBe(60);
  });
});

describe('updates and queries', () => {
  test.each<[string, string, unknown[]]>([
    ['prompt', 'a number', [42]],
    ['prompt', 'nothing', []],
    ['cancel', 'a number', [42]],
    ['cancel', 'an unknown field type', [{ prompt_id: 7 }]],
  ])('%s of %s is refused as INVALID_PROMPT', async (name, _, args) => {
    await expect(handle.executeUpdate(name, { args: args as [unknown] })).rejects.toMatchObject({
      cause: { type: 'INVALID_PROMPT' },
    });
    expect(await failedTasks()).toBe(0);
  });

  test('close and forget take what is no object for nothing said', async () => {
    expect(await handle.executeUpdate('close', { args: [42] })).toEqual({ remaining: 0 });
    await handle.result();
  });

  test.each([[undefined], [null], [42], [{ a: 1 }], ['x'.repeat(10_000)]])('outcome of %o is unknown', async (id) => {
    expect(await handle.query<unknown, [unknown]>('outcome', id)).toMatchObject({ state: 'unknown' });
  });
});

test('an activity that an operator completes with nonsense ends its turn as OUTCOME_UNKNOWN, and the topic goes on', async () => {
  const file = join(world.dir, topic);
  const held = world.manager.delegate(topic, `[[until: ${file}]] two`, { prompt_id: 'two' });
  await expect.poll(async () => (await world.manager.progress(topic))?.step).toBe('reading');
  const { raw: described } = await handle.describe();
  await world.client.workflowService.respondActivityTaskCompletedById({
    namespace: 'default',
    workflowId: `topic/${topic}`,
    activityId: described.pendingActivities?.[0]?.activityId ?? '',
    result: { payloads: [raw('json/plain', '"nonsense"')] },
  });
  expect(await held).toMatchObject({ status: 'failed', error: { code: 'OUTCOME_UNKNOWN' } });
  await writeFile(file, '');
  expect(await world.manager.delegate(topic, 'three')).toMatchObject({ status: 'completed', session_id: session });
});

test('30 refused signals of 1.9 MB in one turn end nothing: the topic rolls over in mid-turn, and the turn is put in once', async () => {
  const file = join(world.dir, topic);
  const held = world.manager.delegate(topic, `[[until: ${file}]] two`, { prompt_id: 'two' });
  held.catch(() => undefined); // Awaited below.
  await expect.poll(async () => (await world.manager.progress(topic))?.step).toBe('reading');
  const { runId } = await handle.describe();
  for (let i = 1; i <= 30; i += 1) {
    await send([raw('json/plain', JSON.stringify({ prompt: 'x'.repeat(1_900_000), prompt_id: `huge-${i}` }))]);
    // Faster than a worker can read them, 2 MB at a time, the server ends the run at 50 MB: then
    // the topic goes on by its name.
    await expect.poll(async () => (await view()).refused_total).toBe(i);
  }
  await expect.poll(async () => (await handle.describe()).runId).not.toBe(runId);
  expect((await handle.describe()).status.name).toBe('RUNNING');
  await writeFile(file, '');
  expect(await held).toMatchObject({ status: 'completed', session_id: session, prompt_id: 'two' });
  expect(world.agent.promptsIn(session)).toEqual(['one', `[[until: ${file}]] two`]);
  expect((await view()).refused.map(({ error }) => error.code)).toEqual(
    Array.from({ length: 20 }, () => 'PROMPT_TOO_LARGE'),
  );
});

test('a cancel that is under way when a topic rolls over in mid-turn is not forgotten', async () => {
  const file = join(world.dir, topic);
  const held = world.manager.delegate(topic, `[[deaf]] [[until: ${file}]] two`, { prompt_id: 'two' });
  held.catch(() => undefined); // Awaited below.
  await expect.poll(async () => (await world.manager.progress(topic))?.step).toBe('reading');
  expect(await world.manager.cancel(topic)).toMatchObject({ effect: 'stopping' });
  const { runId } = await handle.describe();
  for (let i = 1; (await handle.describe()).runId === runId; i += 1) {
    await send([raw('json/plain', JSON.stringify({ prompt: 'x'.repeat(1_900_000) }))]);
    await expect.poll(async () => (await view()).refused_total).toBe(i);
  }
  expect(await held).toMatchObject({
    status: 'cancelled',
    session_id: session,
    error: { message: 'The turn was cancelled.' },
  });
});

test('8 held callers of a reply that takes 256 KiB as JSON, and as many who poll, are all answered', async () => {
  const file = join(world.dir, topic);
  const request: PromptRequest = { prompt: `[[until: ${file}]] [[bells: 60000]]`, prompt_id: 'big' as never };
  const held = Array.from({ length: 8 }, () =>
    handle.executeUpdate<TurnResult, [PromptRequest]>('prompt', { args: [request] }),
  );
  await expect
    .poll(async () => (await handle.query<{ state: string }, [string]>('outcome', 'big')).state)
    .toBe('running');
  await writeFile(file, '');
  for (const answer of await Promise.all(held)) expect(answer).toMatchObject({ prompt_id: 'big' });
  const { state, outcome } = await handle.query<{ state: string; outcome?: TurnResult }, [string]>('outcome', 'big');
  expect(state).toBe('ended');
  expect(outcome?.reply_truncated).toBe(true);
  expect(Buffer.byteLength(JSON.stringify(outcome?.reply))).toBeGreaterThan(250 * 1024);
  expect(await failedTasks()).toBe(0);
});
