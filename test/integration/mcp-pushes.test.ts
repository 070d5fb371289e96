/** What becomes of a task that a client has handed over is reported to it once, without a call. */
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
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
/** Every report comes within this time, unless it does not come. */
const LONG_ENOUGH_MS = 6_000;

function serverFor(client: string): RawServer {
  const server = rawServer(surroundings, client === 'claude-code' ? { args: ['--channel'] } : {});
  server.open({ protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: client, version: '0' } });
  return server;
}

const ended = async (server: RawServer) => {
  server.child.stdin.end();
  expect((await server.ended)[0]).toBe(0);
};

const channel = (server: RawServer) =>
  server.messages().flatMap(({ method, params }) => (method === 'notifications/claude/channel' ? [params] : []));
const logged = (server: RawServer) =>
  server.messages().flatMap(({ method, params }) => (method === 'notifications/message' ? [params] : []));
const answered = (server: RawServer, id: number) =>
  expect.poll(() => server.answersTo(id), { timeout: 60_000 }).toHaveLength(1);
const reports = (server: RawServer, count: number) =>
  expect.poll(() => channel(server).length, { timeout: 30_000 }).toBe(count);

function kept(): string[] {
  const folder = join(world.config.dataDir, 'mcp');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((client) => readdirSync(join(folder, client)));
}

async function handOver(server: RawServer, prompt: string): Promise<{ topic: string; prompt_id: string }> {
  const topic = aTopic();
  server.call(1, 'delegate_task', { topic, prompt, prompt_id: `p-${topic}`, wait_seconds: 0 });
  await answered(server, 1);
  return { topic, prompt_id: `p-${topic}` };
}

test('Claude Code gets it through a channel, in few words, with the ids to read on', async () => {
  const server = serverFor('claude-code');
  const { topic, prompt_id } = await handOver(server, '[[say: done]] Add a model');
  await reports(server, 1);
  expect(channel(server)[0]).toEqual({
    content: `Task {"topic":"${topic}","prompt_id":"${prompt_id}"} has ended as completed. It was: [[say: done]] Add a model Read its reply: session_outcome with topic and prompt_id.`,
    meta: { event: 'ended', status: 'completed', topic, prompt_id },
  });
  expect(server.answer(0)?.result).toMatchObject({ capabilities: { experimental: { 'claude/channel': {} } } });
  expect(logged(server)).toEqual([]);
  await expect.poll(kept).toEqual([]);
  await ended(server);
});

test('any other client gets a log message', async () => {
  const server = serverFor('another');
  const { topic } = await handOver(server, 'work');
  await expect.poll(() => logged(server).length, { timeout: 30_000 }).toBe(1);
  expect(logged(server)[0]).toMatchObject({
    ...{ level: 'notice', logger: 'continuity', data: expect.stringContaining(topic) as string },
  });
  expect(channel(server)).toEqual([]);
  await ended(server);
});

test('what a call has answered is not reported, be it the outcome or an ask', async () => {
  const server = serverFor('claude-code');
  server.call(1, 'delegate_task', { topic: aTopic(), prompt: 'work' });
  const asking = aTopic();
  server.call(2, 'delegate_task', { topic: asking, prompt: '[[ask: bash | npm test]] work' });
  const gate = aGate();
  const [topic, prompt_id] = [aTopic(), 'waited-for'];
  server.call(3, 'delegate_task', { topic, prompt_id, prompt: `[[until: ${gate}]] work`, wait_seconds: 0 });
  await Promise.all([answered(server, 1), answered(server, 2), answered(server, 3)]);
  server.call(4, 'session_outcome', { topic, prompt_id, wait_seconds: 60 });
  await sleep(LONG_ENOUGH_MS);
  writeFileSync(gate, '');
  await answered(server, 4);
  await sleep(LONG_ENOUGH_MS);
  expect(channel(server)).toEqual([]);
  server.call(5, 'session_answer', { topic: asking, decision: 'allow' });
  await reports(server, 1);
  expect(channel(server)[0]?.meta).toMatchObject({ event: 'ended', topic: asking });
  await ended(server);
});

test('tasks of several topics that have the same id are reported each', async () => {
  const server = serverFor('claude-code');
  const gate = aGate();
  const topics = [aTopic(), aTopic(), aTopic()];
  for (const [i, topic] of topics.entries())
    server.call(i + 1, 'delegate_task', {
      ...{ topic, prompt: `[[until: ${gate}]] work`, prompt_id: 'tests', wait_seconds: 0 },
    });
  await Promise.all(topics.map((_, i) => answered(server, i + 1)));
  const [read] = topics;
  server.call(9, 'session_outcome', { topic: read, prompt_id: 'tests', wait_seconds: 60 });
  writeFileSync(gate, '');
  await answered(server, 9);
  await reports(server, 2);
  expect(
    channel(server)
      .map((params) => (params?.meta as { topic: string }).topic)
      .sort(),
  ).toEqual(topics.slice(1).sort());
  await expect.poll(kept).toEqual([]);
  await ended(server);
});

test('an ask and a wait for a quota are reported once each', async () => {
  const server = serverFor('claude-code');
  const { topic } = await handOver(server, '[[ask: bash | rm -rf dist]] work');
  await reports(server, 1);
  expect(channel(server)[0]).toMatchObject({
    ...{ content: expect.stringMatching(/waits for an answer to a permission\..*session_answer/) as string },
    meta: { event: 'asks', status: 'waiting', topic },
  });
  expect(channel(server)[0]?.content).not.toContain('rm -rf');
  await world.manager.answer(topic, { decision: 'allow' });
  await reports(server, 2);
  const parked = await handOver(server, '[[quota: 3600]] work');
  await reports(server, 3);
  expect(channel(server)[2]?.meta).toMatchObject({ event: 'silent', topic: parked.topic });
  await world.manager.retry(parked.topic);
  await sleep(LONG_ENOUGH_MS);
  expect(channel(server)).toHaveLength(3);
  await world.manager.cancel(parked.topic);
  await reports(server, 4);
  await ended(server);
});

test('the next server of the same client reports what one that was killed did not; only one of several does', async () => {
  const first = serverFor('claude-code');
  const gate = aGate();
  const { topic } = await handOver(first, `[[until: ${gate}]] work`);
  first.child.kill('SIGKILL');
  await first.ended;
  const stranger = serverFor('another');
  const next = [serverFor('claude-code'), serverFor('claude-code'), serverFor('claude-code')];
  await Promise.all([stranger, ...next].map((server) => answered(server, 0)));
  writeFileSync(gate, '');
  await expect.poll(() => next.flatMap(channel).length, { timeout: 30_000 }).toBe(1);
  await sleep(LONG_ENOUGH_MS);
  expect(next.flatMap(channel)).toEqual([expect.objectContaining({ meta: expect.objectContaining({ topic }) })]);
  expect(logged(stranger)).toEqual([]);
  await expect.poll(kept).toEqual([]);
  await Promise.all([stranger, ...next].map(ended));
});

test('it goes on when Temporal’s worker was away', async () => {
  const server = serverFor('claude-code');
  const gate = aGate();
  await handOver(server, `[[until: ${gate}]] work`);
  await world.stopWorker();
  await sleep(3000); // Nothing shows that a look was in vain.
  writeFileSync(gate, '');
  await world.startWorker();
  await reports(server, 1);
  await ended(server);
});
