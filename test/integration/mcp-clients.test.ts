/** `continuity mcp` as clients really call it: line by line, with what each of them sends. */
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rawServer, type RawServer } from '../support/raw-mcp-server.js';
import { startWorld, type World } from '../support/world.js';
import { type Surroundings, surroundingsOf } from './cli-command.js';

let world: World;
let surroundings: Surroundings;
beforeAll(async () => {
  world = await startWorld();
  surroundings = surroundingsOf(world);
});
afterAll(() => world?.dispose());

const aTopic = () => `t-${randomUUID().slice(0, 8)}`;
const aGate = () => join(world.dir, randomUUID());
const running = (topic: string, promptId: string) =>
  expect
    .poll(async () => (await world.manager.outcome(topic, promptId).catch(() => undefined))?.state, { timeout: 60_000 })
    .toBe('running');

const answered = (server: RawServer, id: number | string) =>
  expect.poll(() => server.answersTo(id), { timeout: 60_000 }).toHaveLength(1);
const textOf = (server: RawServer, id: number | string) =>
  (server.answer(id)?.result?.content[0] as { text: string }).text;
const ended = async (server: RawServer) => {
  server.child.stdin.end();
  expect((await server.ended)[0]).toBe(0);
};

/** As their sources, documentation and reports show it, shortened, without names of persons and paths. */
const CLIENTS: [string, { initialize: object; args: object; meta?: object; id: number | string }][] = [
  [
    'Claude Code',
    {
      initialize: {
        protocolVersion: '2025-11-25',
        capabilities: { roots: {}, elicitation: {} },
        clientInfo: { name: 'claude-code', title: 'Claude Code', version: '2.1.331', websiteUrl: 'https://claude.com' },
      },
      args: { prompt: '[[say: done]]' },
      meta: { 'claudecode/toolUseId': 'toolu_01A09q90qw90lq917835lq9', progressToken: 2 },
      id: 2,
    },
  ],
  [
    'Codex, whose models fill in every field',
    {
      initialize: {
        protocolVersion: '2025-06-18',
        capabilities: { elicitation: {} },
        clientInfo: { name: 'codex-mcp-client', title: 'Codex', version: '0.169.0' },
      },
      args: {
        ...{ prompt: '[[say: done]]', topic: null, session_id: null, session: 'continue', agent: null, model: null },
        ...{ skills: null, checks: null, limits: null, max_fixes: null, wait_seconds: '30', prompt_id: null },
      },
      meta: { progressToken: 0, 'x-codex-turn-metadata': { session_id: 's', turn_id: 't' } },
      id: 1,
    },
  ],
  [
    'OpenCode',
    {
      initialize: {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'opencode', version: '1.18.33' },
      },
      args: { prompt: '[[say: done]]', checks: '[]', limits: null, when: 'queue' },
      meta: { progressToken: 3 },
      id: 3,
    },
  ],
  [
    'oh-my-openagent, with the names of its task tool',
    {
      initialize: {
        protocolVersion: '2025-06-18',
        capabilities: {},
        clientInfo: { name: 'skill-mcp-client', version: '1.0.0' },
      },
      args: {
        ...{ description: 'A title', prompt: '[[say: done]]', category: 'quick', load_skills: [] },
        ...{ run_in_background: false, task_id: null, subagent_type: null },
      },
      id: 'call_a1',
    },
  ],
];

test.each(CLIENTS)('%s is answered', async (_, { initialize, args, meta, id }) => {
  const server = rawServer(surroundings);
  server.open(initialize);
  server.send({ id: 'tools', method: 'tools/list', params: {} });
  const { checks: __, ...wanted } = args as { checks?: unknown };
  server.call(id, 'delegate_task', wanted, meta);
  await answered(server, id);
  expect(textOf(server, id)).toMatch(/^done\n[\s\S]*<task_metadata>\nsession_id: \S+\n[\s\S]*status: completed\n/);
  expect(server.answer('tools')?.result?.tools).toHaveLength(6);
  await ended(server);
});

test.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28', '1999-01-01'])(
  'a client of version %s gets a version that both know, or the newest of ours',
  async (protocolVersion) => {
    const server = rawServer(surroundings);
    server.open({ protocolVersion, capabilities: {}, clientInfo: { name: 'c', version: '0' } });
    server.send({ id: 1, method: 'tools/list' });
    await answered(server, 1);
    expect(server.answer(0)?.result?.protocolVersion).toMatch(/^20\d\d-\d\d-\d\d$/);
    expect(server.answer(1)?.result?.tools).toHaveLength(6);
    await ended(server);
  },
);

test('what a client tries out is answered, and calls go on after it', async () => {
  const server = rawServer(surroundings);
  server.open();
  server.send({ id: 'ping', method: 'ping' });
  const probes = [
    'resources/list',
    'resources/templates/list',
    'prompts/list',
    'logging/setLevel',
    'tasks/list',
    'no/such',
  ];
  for (const method of probes) server.send({ id: method, method, params: {} });
  server.call('nothing', 'delegate_task');
  server.call('null', 'delegate_task', { prompt: null });
  server.call('unknown', 'no_such_tool', {});
  server.send({ id: 'nameless', method: 'tools/call', params: {} });
  server.send({ id: 'list', method: 'tools/call', params: { name: 'session_list', arguments: [] } });
  server.send({
    id: 'again',
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'c', version: '0' } },
  });
  server.send({ method: 'notifications/roots/list_changed' });
  server.send({ method: 'notifications/cancelled', params: { requestId: 4711, reason: 'never asked' } });
  server.send({ method: 'notifications/cancelled', params: {} });
  server.send({ id: 4711, result: {} });
  server.call(9, 'delegate_task', { prompt: '[[say: still here]]' });
  await answered(server, 9);
  expect(textOf(server, 9)).toMatch(/^still here\n/);
  for (const id of ['ping', ...probes, 'nothing', 'null', 'unknown', 'nameless', 'list', 'again'])
    expect(server.answersTo(id), id).toHaveLength(1);
  expect(server.answer('ping')?.result).toBeDefined();
  for (const id of ['nothing', 'null']) {
    expect(server.answer(id)?.result).toMatchObject({ isError: true });
    expect(textOf(server, id)).toContain('INVALID_PROMPT');
  }
  await ended(server);
});

test('a batch is answered message by message', async () => {
  const server = rawServer(surroundings);
  server.open({ protocolVersion: '2025-03-26', capabilities: {}, clientInfo: { name: 'c', version: '0' } });
  const ping = (id: number) => ({ jsonrpc: '2.0', id, method: 'ping' });
  server.write(JSON.stringify([ping(1), { jsonrpc: '2.0', method: 'notifications/progress' }, ping(2)]));
  await answered(server, 1);
  await answered(server, 2);
  await ended(server);
});

test('a prompt of many megabytes is refused by name, and the next call is answered', async () => {
  const server = rawServer(surroundings);
  server.open();
  server.call(1, 'delegate_task', { prompt: 'x'.repeat(8 * 1024 * 1024) });
  server.write(`{"jsonrpc":"2.0","id":2,"method":"ping","params":{"garbage":"${'y'.repeat(4 * 1024 * 1024)}`);
  server.call(3, 'delegate_task', { prompt: '[[say: still here]]' });
  await answered(server, 1);
  await answered(server, 3);
  expect(textOf(server, 1)).toContain('PROMPT_TOO_LARGE');
  await ended(server);
});

test('twenty calls at once are twenty answers, none lost, none twice, and each prompt is in its session once', async () => {
  const server = rawServer(surroundings);
  server.open();
  const topic = aTopic();
  const numbers = Array.from({ length: 20 }, (_, number) => number);
  for (const number of numbers)
    server.call(`c-${number}`, 'delegate_task', {
      ...{ prompt: `[[say: ${number}]]`, wait_seconds: 200 },
      ...(number % 2 && { topic }),
    });
  for (const number of numbers) await answered(server, `c-${number}`);
  await ended(server);
  expect(server.messages().filter(({ id }) => `${id}`.startsWith('c-'))).toHaveLength(20);
  for (const number of numbers) expect(textOf(server, `c-${number}`)).toMatch(new RegExp(`^${number}\\n`));
  const { outcomes } = await world.manager.view(topic);
  const odd = numbers.filter((number) => number % 2).map((number) => `${number}`);
  expect(outcomes.map(({ reply }) => reply).sort()).toEqual(odd.sort());
});

describe('a call that is made again', () => {
  test('after it was cancelled, attaches to the first, and says so; with its answer it is asked anew', async () => {
    const server = rawServer(surroundings);
    server.open();
    const [topic, gate] = [aTopic(), aGate()];
    const asked = { topic, prompt: `[[until: ${gate}]] [[say: once]]` };
    server.call(1, 'delegate_task', { ...asked, wait_seconds: 100 });
    await expect.poll(async () => (await world.manager.view(topic).catch(() => undefined))?.state).toBe('running');
    server.send({ method: 'notifications/cancelled', params: { requestId: 1, reason: 'timed out' } });
    server.call(2, 'delegate_task', { ...asked, wait_seconds: '200', session_id: null });
    server.send({ id: 'p', method: 'ping' });
    await answered(server, 'p');
    await writeFile(gate, '');
    await answered(server, 2);
    expect(textOf(server, 2)).toMatch(/^once\n\nAttached: the same call was made before/);
    expect(server.answer(2)?.result?._meta?.['continuity/answer']).toMatchObject({
      attached: true,
      status: 'completed',
    });
    server.call(3, 'delegate_task', asked);
    await answered(server, 3);
    expect(textOf(server, 3)).not.toContain('Attached');
    await ended(server);
    expect(server.answersTo(1)).toEqual([]);
    expect((await world.manager.view(topic)).turns).toBe(2);
  });

  test('after "accepted", attaches until its outcome was delivered; without a wait, "accepted" is the answer', async () => {
    const server = rawServer(surroundings);
    server.open();
    const [topic, gate] = [aTopic(), aGate()];
    const asked = { topic, prompt: `[[until: ${gate}]] [[say: once]]`, wait_seconds: 1 };
    server.call(1, 'delegate_task', asked);
    await answered(server, 1);
    server.call(2, 'delegate_task', asked);
    await answered(server, 2);
    expect(textOf(server, 1)).not.toContain('Attached');
    expect(textOf(server, 2)).toContain('Attached');
    const { prompt_id } = server.answer(2)?.result?._meta?.['continuity/answer'] as { prompt_id: string };
    await writeFile(gate, '');
    server.call(3, 'session_outcome', { topic, prompt_id, wait_seconds: 100 });
    await answered(server, 3);
    for (const id of [4, 5]) {
      server.call(id, 'delegate_task', { ...asked, wait_seconds: 0 });
      await answered(server, id);
    }
    await ended(server);
    await expect.poll(async () => (await world.manager.view(topic)).turns, { timeout: 60_000 }).toBe(3);
  });
});

test('a call whose whole outcome session_view showed is asked anew', async () => {
  const server = rawServer(surroundings);
  server.open();
  const [topic, gate] = [aTopic(), aGate()];
  const asked = { topic, prompt: `[[until: ${gate}]] [[say: once]]`, wait_seconds: 1 };
  server.call(1, 'delegate_task', asked);
  await answered(server, 1);
  server.call(2, 'session_view', { topic });
  await answered(server, 2);
  server.call(3, 'delegate_task', asked);
  await answered(server, 3);
  expect(textOf(server, 3)).toContain('Attached');
  await writeFile(gate, '');
  await expect.poll(async () => (await world.manager.view(topic)).state, { timeout: 60_000 }).toBe('idle');
  server.call(4, 'session_view', { topic });
  await answered(server, 4);
  server.call(5, 'delegate_task', { ...asked, wait_seconds: 100 });
  await answered(server, 5);
  expect(textOf(server, 5)).not.toContain('Attached');
  await ended(server);
  expect((await world.manager.view(topic)).turns).toBe(2);
});

describe('the connection', () => {
  test('lines that are no messages are passed over, and stdout holds nothing but the protocol', async () => {
    const cwd = join(world.dir, 'talkative');
    await mkdir(cwd);
    const talks = join(cwd, 'talks.mjs');
    await writeFile(talks, 'console.log("a config that talks"); export default {};');
    const server = rawServer(surroundings, { cwd, env: { CONTINUITY_CONFIG: talks } });
    server.child.stdin.write('garbage\n{"jsonrpc":\n\n[]\n');
    server.open();
    server.child.stdin.write('{"jsonrpc":"2.0","id":7,"method":42}\nmore garbage\n');
    server.call(1, 'delegate_task', { topic: aTopic(), prompt: '[[say: still here]]' });
    await expect
      .poll(() => server.answer(1)?.result?.content, { timeout: 60_000 })
      .toMatchObject([{ text: expect.stringMatching(/^still here\n/) as string }]);
    server.child.stdin.end();
    expect((await server.ended)[0]).toBe(0);
    expect(server.stderr()).toContain('a config that talks');
    expect(server.lines.map((line) => (JSON.parse(line) as { jsonrpc: string }).jsonrpc)).toEqual(
      server.lines.map(() => '2.0'),
    );
  });

  test('a client that closes stdin in mid-call ends the process, and the turn goes on', async () => {
    const [topic, gate, prompt_id] = [aTopic(), aGate(), `p-${randomUUID()}`];
    const server = rawServer(surroundings);
    server.open();
    server.call(1, 'delegate_task', { topic, prompt_id, prompt: `[[until: ${gate}]] [[say: nobody waited]]` });
    await running(topic, prompt_id);
    server.child.stdin.end();
    expect((await server.ended)[0]).toBe(0);
    await writeFile(gate, '');
    expect(await world.manager.wait(topic, prompt_id)).toMatchObject({ status: 'completed', reply: 'nobody waited' });
  });

  test('a prompt that was handed over in the last moment is accepted before the process ends', async () => {
    const [topic, prompt_id] = [aTopic(), `p-${randomUUID()}`];
    const server = rawServer(surroundings);
    server.open();
    server.call(1, 'delegate_task', { topic, prompt_id, prompt: '[[say: in time]]' });
    server.child.stdin.end();
    expect((await server.ended)[0]).toBe(0);
    expect(await world.manager.wait(topic, prompt_id)).toMatchObject({ reply: 'in time' });
  });

  test('what a client only wanted to see keeps the process no longer than the client', async () => {
    const server = rawServer(surroundings);
    server.open();
    server.call(1, 'session_list');
    await answered(server, 1);
    const { length } = server.lines;
    await world.stopWorker(); // A topic that is to be seen would answer only when one is there.
    await world.client.workflow.signalWithStart('topicSession', {
      ...{ workflowId: 'topic/nobody-answers', taskQueue: 'continuity', args: [] },
      ...{ signal: 'prompt', signalArgs: ['work'] },
    });
    server.call(2, 'session_view', { topic: 'nobody-answers' });
    server.child.stdin.end();
    const since = performance.now();
    expect((await server.ended)[0]).toBe(0);
    expect(performance.now() - since).toBeLessThan(5000);
    expect(server.lines).toHaveLength(length);
    await world.startWorker();
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)(
    '%s in mid-call ends the process, and the turn goes on',
    async (signal) => {
      const [topic, gate, prompt_id] = [aTopic(), aGate(), `p-${randomUUID()}`];
      const server = rawServer(surroundings);
      server.open();
      server.call(1, 'delegate_task', { topic, prompt_id, prompt: `[[until: ${gate}]] [[say: went on]]` });
      await running(topic, prompt_id);
      server.child.kill(signal);
      await server.ended;
      await writeFile(gate, '');
      expect(await world.manager.wait(topic, prompt_id)).toMatchObject({ status: 'completed', reply: 'went on' });
    },
  );
});
