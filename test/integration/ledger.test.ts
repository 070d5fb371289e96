/** What a topic has used is found by search attributes, which cost no event more. */
import { randomUUID } from 'node:crypto';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureSearchAttributes } from '../../workers/search-attributes.js';
import { spend, spendingAgent } from '../support/spending-agent.js';
import { startTemporal, startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ worker: false });
  await world.startWorker({ agents: new Map([['fake', spendingAgent('fake')]]) });
});
afterAll(() => world?.dispose());

async function found(query: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { workflowId } of world.client.workflow.list({ query })) ids.push(workflowId.slice('topic/'.length));
  return ids.sort();
}

async function idle(topic: string, prompt: string) {
  await world.manager.delegate(topic, prompt);
  await expect
    .poll(() => found(`WorkflowId = 'topic/${topic}' AND ContinuityState = 'idle' AND ExecutionStatus = 'Running'`))
    .toEqual([topic]);
}

const CHEAP = spend({ input_tokens: 100, cost_usd: 0.5 });

describe('an operator finds', () => {
  test('dear topics by their cost, and large ones by their tokens; one whose cost is unknown only by its tokens', async () => {
    await idle('cheap', CHEAP);
    await idle('dear', spend({ input_tokens: 2_000_000, cost_usd: 5.25 }));
    await idle('dear', CHEAP);
    await idle('unknown', spend({ input_tokens: 3_000_000 }));
    await idle('silent', 'says nothing');
    expect(await found('ContinuityCostUsd > 5')).toEqual(['dear']);
    expect(await found('ContinuityCostUsd = 5.75')).toEqual(['dear']);
    expect(await found('ContinuityCostUsd >= 0')).toEqual(['cheap', 'dear']);
    expect(await found('ContinuityTokens > 1000000')).toEqual(['dear', 'unknown']);
    expect(await found('ContinuityTokens > 1000000 AND ContinuityCostUsd IS NULL')).toEqual(['unknown']);
    expect(await found("ContinuityTokens IS NULL AND ContinuityState = 'idle'")).toEqual(['silent']);
  });

  test('no cost any more from the first turn on whose cost is unknown, and nothing after the topic was forgotten', async () => {
    await idle('mixed', CHEAP);
    expect(await found("ContinuityCostUsd > 0 AND ContinuityTopic = 'mixed'")).toEqual(['mixed']);
    await idle('mixed', spend({ output_tokens: 7 }));
    expect(await found("ContinuityCostUsd IS NULL AND ContinuityTokens = 107 AND ContinuityTopic = 'mixed'")).toEqual([
      'mixed',
    ]);
    await idle('mixed', CHEAP);
    expect(await found("ContinuityCostUsd IS NULL AND ContinuityTokens = 207 AND ContinuityTopic = 'mixed'")).toEqual([
      'mixed',
    ]);
    await world.manager.forget('mixed');
    await expect.poll(() => found("ContinuityTopic = 'mixed' AND ContinuityTokens IS NOT NULL")).toEqual([]);
  });

  test.each([
    ['parts of tokens', { input_tokens: 10.4, output_tokens: 0.2 }, 'ContinuityTokens = 11'],
    ['a cost below what the server keeps', { cost_usd: 1e-9, input_tokens: 1 }, 'ContinuityCostUsd = 0.00001'],
    ['more than the server keeps', { cost_usd: 1e300, input_tokens: 1e300 }, 'ContinuityCostUsd > 1000000000000'],
    ['less than nothing', { cost_usd: -1, input_tokens: -5 }, 'ContinuityCostUsd IS NULL AND ContinuityTokens = 0'],
  ])('a topic whose agent reports %s', async (_, used, query) => {
    const topic = randomUUID();
    await idle(topic, spend(used));
    expect(await found(`ContinuityTopic = '${topic}' AND ${query}`)).toEqual([topic]);
  });

  test('a topic that is opened again under its whole cost', async () => {
    await idle('again', CHEAP);
    await world.manager.close('again');
    await idle('again', CHEAP);
    const running = "ExecutionStatus = 'Running' AND ContinuityTopic = 'again'";
    expect(await found(`ContinuityCostUsd = 1 AND ContinuityTokens = 200 AND ${running}`)).toEqual(['again']);
  });
});

describe('a turn counts once', () => {
  const once = {
    used: { input_tokens: 100, cost_usd: 0.5 },
    days: [{ turns: 1, used: { input_tokens: 100, cost_usd: 0.5 } }],
  };

  test('whose first attempt broke off after it had told what it used', async () => {
    await idle('broke-off', `breaks ${CHEAP}`);
    expect(await world.manager.view('broke-off')).toMatchObject(once);
  });

  test('that waited for a usage limit, although its end says nothing of what it used', async () => {
    await world.manager.submit('parked', `parks ${CHEAP}`);
    await expect.poll(async () => (await world.manager.view('parked')).state).toBe('waiting');
    expect(await world.manager.view('parked')).not.toHaveProperty('used'); // It has not ended.
    await world.manager.retry('parked');
    await expect.poll(async () => (await world.manager.view('parked')).state).toBe('idle');
    const view = await world.manager.view('parked');
    expect(view).toMatchObject(once);
    expect(view.outcomes.at(-1)).toMatchObject({ status: 'completed', usage: { input_tokens: 100 } });
  });

  test('with each fix of its checks', async () => {
    await world.manager.delegate('fixed', CHEAP, { checks: [{ run: 'false' }], max_fixes: 1 });
    await idle('fixed', CHEAP);
    // The text of a fix says nothing of what it uses.
    expect(await world.manager.view('fixed')).toMatchObject({ turns: 3, used: { input_tokens: 200, cost_usd: 1 } });
  });

  test('whose run is reset, and whose topic is terminated, closed, or forgotten and begun again', async () => {
    const handle = world.client.workflow.getHandle('topic/again-and-again');
    const inputs = async () => (await world.manager.view('again-and-again')).used?.input_tokens;
    await idle('again-and-again', CHEAP);
    await idle('again-and-again', CHEAP);
    const { events } = await handle.fetchHistory();
    const task = events?.find((event) => event.workflowTaskCompletedEventAttributes)?.eventId;
    await world.client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: 'topic/again-and-again' },
      workflowTaskFinishEventId: task!,
      requestId: randomUUID(),
      reason: 'a test',
    });
    await expect.poll(inputs).toBe(200);
    await handle.terminate('a test');
    await idle('again-and-again', CHEAP);
    expect(await inputs()).toBe(300);
    await world.manager.close('again-and-again');
    await idle('again-and-again', CHEAP);
    expect(await inputs()).toBe(400);
    const { days, sessions } = await world.manager.view('again-and-again');
    expect(days?.reduce((sum, { used }) => sum + used.input_tokens, 0)).toBe(400);
    expect(sessions).toMatchObject([{ used: { input_tokens: 400 }, followed_up: { count: 3 } }]);
    await world.manager.forget('again-and-again');
    await idle('again-and-again', CHEAP);
    expect(await inputs()).toBe(100);
  });
});

test('the list of topics tells tokens and cost without asking the topics', async () => {
  const topics = new Map<string, { tokens?: number; cost_usd?: number }>();
  for await (const { topic, ...facts } of world.manager.list()) topics.set(topic, facts);
  expect(topics.get('dear')).toMatchObject({ tokens: 2_000_100, cost_usd: 5.75 });
  expect(topics.get('unknown')).toMatchObject({ tokens: 3_000_000 });
  expect(topics.get('unknown')).not.toHaveProperty('cost_usd');
  expect(topics.get('silent')).not.toHaveProperty('tokens');
});

test('a turn costs no event more for the ledger, and at most 200 bytes of its history', async () => {
  const upsertsOf = async (topic: string) => {
    const { events } = await world.client.workflow.getHandle(`topic/${topic}`).fetchHistory();
    return (
      events?.flatMap((event) => event.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes ?? []) ?? []
    );
  };
  const use = (cost: object) => spend({ input_tokens: 123_456_789, cache_read_tokens: 987_654_321, ...cost });
  for (const topic of ['told', 'untold'])
    for (let turn = 0; turn < 3; turn += 1)
      await idle(topic, topic === 'told' ? use({ cost_usd: 1234.56789 }) : 'says nothing');
  const [told, untold] = [await upsertsOf('told'), await upsertsOf('untold')];
  expect(told).toHaveLength(untold.length);
  const ledger = told.map(({ indexedFields }) => bytesOf(indexedFields ?? {}));
  process.stdout.write(`ledger: bytes in the upserts of 3 turns: ${ledger.join(', ')}\n`);
  expect(ledger.filter((bytes) => bytes > 0)).toHaveLength(3);
  expect(Math.max(...ledger)).toBeLessThanOrEqual(200);
});

interface Payload {
  metadata?: Record<string, Uint8Array> | null;
  data?: Uint8Array | null;
}

/** Of the ledger's attributes, as protobuf has them: each field has a tag and its length, in a byte each. */
function bytesOf(fields: Record<string, Payload>): number {
  const field = (bytes: number) => 2 + bytes;
  const each = ['ContinuityTokens', 'ContinuityCostUsd'].flatMap((name) => {
    const payload = fields[name];
    if (!payload) return [];
    const metadata = Object.entries(payload.metadata ?? {}).map(([key, value]) =>
      field(field(key.length) + field(value.length)),
    );
    const bytes = metadata.reduce((sum, one) => sum + one, field(payload.data?.length ?? 0));
    return field(field(name.length) + field(bytes));
  });
  return each.reduce((sum, one) => sum + one, 0);
}

test('a worker whose server has no room for them refuses to start, and says how they are created', async () => {
  const server = await startTemporal({
    extraArgs: ['A', 'B', 'C'].flatMap((name) => ['--search-attribute', `${name}=Int`]),
  });
  const connection = await NativeConnection.connect({ address: server.address });
  try {
    await expect(ensureSearchAttributes(connection, 'default')).rejects.toMatchObject({
      failure: {
        code: 'SETUP_INCOMPLETE',
        message: expect.stringMatching(
          /ContinuityTokens, ContinuityCostUsd.*could not be created: .*type Int/,
        ) as string,
        fix: expect.stringContaining(
          '--name ContinuityTokens --type Int --name ContinuityCostUsd --type Double',
        ) as string,
      },
    });
  } finally {
    await connection.close();
    await server.teardown();
  }
});
