/** A notice is delivered once, whatever becomes of its topic, its run, its worker and its host. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toldIn } from '../support/told.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ extraArgs: ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=50'] });
});
afterAll(() => world?.dispose());

const told = () => toldIn(world.dir);
const quiet = (topic: string) => expect.poll(async () => (await world.manager.view(topic)).notices).toBe(undefined);
const handleOf = (topic: string) => world.client.workflow.getHandle(`topic/${topic}`);

/** As an operator resets it: to the last workflow task before it called the activity. */
async function resetToBefore(activity: string, topic: string): Promise<void> {
  const { runId } = await handleOf(topic).describe();
  const { events } = await handleOf(topic).fetchHistory();
  const called = events?.findIndex(
    ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === activity,
  );
  const tasks = (events ?? []).slice(0, called).filter((event) => event.workflowTaskCompletedEventAttributes);
  await world.client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: `topic/${topic}`, runId },
    workflowTaskFinishEventId: tasks.at(-1)?.eventId ?? null,
    reason: 'by an operator',
    requestId: randomUUID(),
  });
}

test.each(['notify', 'runTurn', 'openSession'])(
  'after a reset to before %s, nothing is told again',
  async (activity) => {
    const topic = randomUUID();
    const { run, lines } = told();
    await world.manager.delegate(topic, 'work', { prompt_id: 'p', notify: run });
    await quiet(topic);
    await resetToBefore(activity, topic);
    await world.manager.delegate(topic, 'more', { prompt_id: 'q', notify: run });
    await expect.poll(lines).toHaveLength(2);
    await quiet(topic);
    expect(lines().map((line) => line.split(' ')[1])).toEqual(['p', 'q']);
  },
);

test('a topic that is terminated while its command runs does not tell it again, and tells what the end cut off', async () => {
  const topic = randomUUID();
  const { run, lines } = told();
  await world.manager.delegate(topic, 'work', { prompt_id: 'p', notify: `${run}; sleep 2` });
  await expect.poll(lines).toHaveLength(1);
  await world.manager.submit(topic, '[[hang]] work', { prompt_id: 'cut', notify: run });
  await expect.poll(async () => (await world.manager.view(topic)).running?.prompt_id).toBe('cut');
  await handleOf(topic).terminate();
  await world.manager.delegate(topic, 'again', { prompt_id: 'q', notify: run });
  await expect.poll(lines, { timeout: 20_000 }).toHaveLength(3);
  await quiet(topic);
  expect(lines().map((line) => line.split(' ').slice(1, 4).join(' '))).toEqual([
    'p ended completed',
    'cut ended failed',
    'q ended completed',
  ]);
});

test('40 prompts over many runs of the topic: each is told once, in order', async () => {
  const topic = randomUUID();
  const { run, lines } = told();
  const ids = Array.from({ length: 40 }, (_, i) => `p${i}`);
  for (const prompt_id of ids) await world.manager.submit(topic, 'work', { prompt_id, notify: run });
  await world.manager.wait(topic, 'p39');
  await expect.poll(lines, { timeout: 20_000 }).toHaveLength(40);
  await quiet(topic);
  expect(lines().map((line) => line.split(' ')[1])).toEqual(ids);
});

test('100 prompts that are cancelled at once are told, and the topic that is closed so does not wait for long', async () => {
  const topic = randomUUID();
  const { run, lines } = told();
  await world.manager.submit(topic, '[[hang]] work', { prompt_id: 'p0', notify: run });
  for (let i = 1; i < 100; i += 1) await world.manager.submit(topic, 'work', { prompt_id: `p${i}`, notify: run });
  await world.manager.close(topic, { now: true });
  await handleOf(topic).result();
  const told99 = lines();
  expect(new Set(told99.map((line) => line.split(' ')[1])).size).toBe(100);
  expect(told99).toHaveLength(100);
});

test('a host that is away holds up no close, and gets its notices once the topic is opened again', async () => {
  const topic = randomUUID();
  const { run, lines } = told();
  await world.manager.delegate(topic, 'open', { prompt_id: 'open' });
  await world.manager.submit(topic, '[[hang]] work', { prompt_id: 'p', notify: run });
  await expect.poll(async () => (await world.manager.progress(topic))?.step).toBe('reading');
  await world.stopWorker();
  await world.startWorker({ host: 'host-2' });
  const since = performance.now();
  await world.manager.close(topic, { now: true });
  await handleOf(topic).result();
  expect(performance.now() - since).toBeLessThan(60_000);
  expect(lines()).toEqual([]);
  await world.stopWorker();
  await world.startWorker();
  await world.manager.delegate(topic, 'again', { prompt_id: 'q' });
  await expect.poll(lines).toHaveLength(1);
  expect(lines()[0]).toMatch(` p ended `);
}, 120_000);
