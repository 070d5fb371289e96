/** Who gave a prompt with a command is told once when it ends, asks, or goes silent. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toldIn } from '../support/told.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.dispose());

const told = () => toldIn(world.dir);

async function eventsOf(topic: string): Promise<number> {
  const { events } = await world.client.workflow.getHandle(`topic/${topic}`).fetchHistory();
  return events?.length ?? 0;
}

/** The topic has delivered all that it had to say. */
const quiet = (topic: string) => expect.poll(async () => (await world.manager.view(topic)).notices).toBe(undefined);

test('a prompt that ends tells its command, with its outcome on stdin, in the directory of its session', async () => {
  const topic = randomUUID();
  const { run, events, file } = told();
  await world.manager.submit(topic, 'work', { prompt_id: 'p', notify: `pwd > ${file}.pwd; ${run}` });
  const { session_id, reply } = await world.manager.wait(topic, 'p');
  await expect.poll(events).toHaveLength(1);
  const [{ words, event } = { words: '', event: undefined }] = events();
  expect(words).toBe(`${topic} p ended completed`);
  expect(event).toMatchObject({
    event: 'ended',
    topic,
    prompt_id: 'p',
    status: 'completed',
    session_id,
    reply,
    turn: 1,
  });
  const cwd = (await world.manager.view(topic)).sessions[0]?.pinned.cwd;
  expect(readFileSync(`${file}.pwd`, 'utf8').trim()).toBe(cwd);
  await quiet(topic);
  expect((await world.manager.view(topic)).failed_notice).toBe(undefined);
});

test('each ask tells it once, and each wait for a quota', async () => {
  const topic = randomUUID();
  const { run, events } = told();
  const work = world.manager.delegate(topic, '[[ask: bash | npm test]] work', { prompt_id: 'p', notify: run });
  await expect.poll(events).toHaveLength(1);
  expect(events()[0]).toMatchObject({
    words: `${topic} p asks waiting`,
    event: { event: 'asks', ask: { kind: 'permission', text: 'npm test' } },
  });
  await world.manager.answer(topic, { decision: 'allow' });
  await work;
  await expect.poll(events).toHaveLength(2);
  expect(events()[1]?.words).toBe(`${topic} p ended completed`);

  const parked = world.manager.delegate(topic, '[[quota: 3600]] work', { prompt_id: 'q', notify: run });
  await expect.poll(events).toHaveLength(3);
  expect(events()[2]).toMatchObject({
    words: `${topic} q silent waiting`,
    event: { event: 'silent', waits_for: 'quota', error: { code: 'AGENT_RATE_LIMITED' } },
  });
  await world.manager.retry(topic);
  await expect.poll(async () => (await world.manager.view(topic)).running?.waiting?.for).toBe('quota');
  await world.manager.cancel(topic);
  await parked;
  await expect.poll(events).toHaveLength(4);
  expect(events()[3]?.words).toBe(`${topic} q ended cancelled`);
});

test('a notice costs 6 events, the first of a run 8, and a prompt without one costs none more', async () => {
  const topic = randomUUID();
  await world.manager.delegate(topic, 'begin');
  const cost = async (notify?: string) => {
    const before = await eventsOf(topic);
    await world.manager.delegate(topic, 'work', { ...(notify !== undefined && { notify }) });
    await quiet(topic);
    return (await eventsOf(topic)) - before;
  };
  const bare = await cost();
  expect((await cost('true')) - bare).toBeLessThanOrEqual(8); // The first one marks its run.
  expect((await cost('true')) - bare).toBeLessThanOrEqual(6);
  expect(await cost()).toBe(bare);
});

describe('a command that does not end well changes no outcome, and is shown', () => {
  test.each([
    ['fails', 'echo no display >&2; exit 3', /it ended with exit code 3: no display/],
    ['is not there', 'no-such-program-at-all', /exit code 127/],
    ['prints without end', 'yes', /printed more than 1 MiB/],
  ])('%s', async (_, notify, problem) => {
    const topic = randomUUID();
    const { status } = await world.manager.delegate(topic, 'work', { prompt_id: 'p', notify });
    expect(status).toBe('completed');
    await expect
      .poll(async () => (await world.manager.view(topic)).failed_notice, { timeout: 10_000 })
      .toMatchObject({ prompt_id: 'p', event: 'ended', problem: expect.stringMatching(problem) as string });
  });
});

test('a prompt that ends before there is a session tells it, in the directory of the prompt', async () => {
  const topic = randomUUID();
  const { run, lines, file } = told();
  const cwd = mkdtempSync(join(world.dir, 'elsewhere-'));
  const notify = `pwd > ${file}.pwd; ${run}`;
  const { session_id } = await world.manager.delegate(topic, 'work', { prompt_id: 'p', cwd, agent: 'nobody', notify });
  expect(session_id).toBe(null);
  await expect.poll(lines).toHaveLength(1);
  expect(lines()[0]).toMatch(`${topic} p ended failed {`);
  expect(readFileSync(`${file}.pwd`, 'utf8').trim()).toBe(cwd);
  await quiet(topic);
});

test('a sender that may run no checks may run no such command, and the prompt is not put in', async () => {
  const stranger = await world.connect({ signsChecks: false });
  const { run, lines } = told();
  const refused = await stranger.delegate(randomUUID(), 'work', { notify: run });
  expect(refused).toMatchObject({
    status: 'failed',
    error: { code: 'CHECK_NOT_ALLOWED', message: expect.stringMatching(/^The notify command "echo/) as string },
  });
  const topic = randomUUID();
  const handle = await world.client.workflow.signalWithStart('topicSession', {
    ...{ taskQueue: 'continuity', workflowId: `topic/${topic}`, args: [] },
    ...{ signal: 'prompt', signalArgs: [{ prompt: 'work', prompt_id: 'p', notify: run, notify_proof: 'made up' }] },
  });
  expect(await world.manager.wait(topic, 'p')).toMatchObject({ error: { code: 'CHECK_NOT_ALLOWED' } });
  await quiet(topic);
  expect(lines()).toEqual([]);
  await handle.terminate();
  for (const notify of ['', ' ', 'x'.repeat(1001), 'a\0b'])
    await expect(world.manager.submit(randomUUID(), 'work', { notify })).rejects.toMatchObject({
      code: 'INVALID_PROMPT',
    });
});

test('a topic that is closed right after its last prompt waits for the command', async () => {
  const topic = randomUUID();
  const { run, lines } = told();
  await world.manager.submit(topic, 'work', { prompt_id: 'p', notify: `sleep 1; ${run}` });
  await world.manager.close(topic);
  await world.client.workflow.getHandle(`topic/${topic}`).result();
  expect(lines()).toHaveLength(1);
});
