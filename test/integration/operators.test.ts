/**
 * What a person does to a topic with the `temporal` command or the Web UI while its turn runs: no
 * prompt is put in twice, and no agent works on for a topic that is over.
 */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findTemporal } from '../../src/stack/temporal-binary.js';
import { attemptAt } from '../support/worker-stage.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let program: string;
beforeAll(async () => {
  [world, { path: program }] = await Promise.all([startWorld(), findTemporal()]);
});
afterAll(() => world?.dispose());

const temporal = (...args: string[]) =>
  execa(program, [...args, '--address', world.address], { input: 'y\n', timeout: 60_000 });
const workflow = (verb: string, topic: string, ...args: string[]) =>
  temporal('workflow', verb, '--workflow-id', `topic/${topic}`, ...args);
const handleOf = (topic: string) => world.client.workflow.getHandle(`topic/${topic}`);
const statusOf = async (topic: string) => (await handleOf(topic).describe()).status.name;
const stepOf = async (topic: string) => (await world.manager.progress(topic).catch(() => undefined))?.step;

/** A topic with a session, and a turn in it that works until it is let go; then it makes a file. */
async function atWork() {
  const topic = randomUUID();
  const before = await world.manager.delegate(topic, 'before', { prompt_id: 'before' });
  const [gate, mark] = [join(world.dir, `${topic}.gate`), join(world.dir, `${topic}.mark`)];
  const prompt = `work [[until: ${gate}]] [[touch: ${mark}]]`;
  await world.manager.submit(topic, prompt, { prompt_id: 'work' });
  await expect.poll(() => stepOf(topic)).toBe('reading');
  const session = `${before.session_id}`;
  return {
    topic,
    session,
    prompt,
    letGo: () => writeFile(gate, ''),
    isDone: () => existsSync(mark),
    result: () => world.manager.wait(topic, 'work'),
    prompts: () => world.agent.promptsIn(session),
    outcomeInSession: () => world.agent.outcomeIn(session, prompt),
  };
}

async function activityOf(topic: string): Promise<string[]> {
  return ['--workflow-id', `topic/${topic}`, '--activity-id', `${(await pendingTurn(topic))?.activityId}`];
}

/** Heartbeat details of the turn that runs. */
const barrenOf = async (topic: string) =>
  ((await world.manager.progress(topic)) as { barren_attempts?: number } | undefined)?.barren_attempts;

describe('an operator who', () => {
  test('terminates a topic stops its turn; the next prompt by name goes on in the session, and the cut-off one is OUTCOME_UNKNOWN', async () => {
    const turn = await atWork();
    await workflow('terminate', turn.topic, '--reason', 'a person');
    await expect.poll(() => turn.outcomeInSession()).toBe('cancelled');
    await turn.letGo();
    const next = await world.manager.delegate(turn.topic, 'next');
    expect(next).toMatchObject({ status: 'completed', session_id: turn.session, session: { kind: 'resumed' } });
    expect(await world.manager.outcome(turn.topic, 'work')).toMatchObject({
      state: 'ended',
      outcome: { status: 'failed', session_id: turn.session, error: { code: 'OUTCOME_UNKNOWN' } },
    });
    expect(turn.prompts()).toEqual(['before', turn.prompt, 'next']);
    expect(turn.isDone()).toBe(false);
  });

  test('terminates a topic that is named again at once: the turn is stopped, also where the next prompt opens another session', async () => {
    const turn = await atWork();
    await workflow('terminate', turn.topic, '--reason', 'a person');
    const next = await world.manager.delegate(turn.topic, 'elsewhere', { session: 'new' });
    expect(next).toMatchObject({ status: 'completed', session: { kind: 'new' } });
    expect(next.session_id).not.toBe(turn.session);
    await expect.poll(() => turn.outcomeInSession()).toBe('cancelled');
    await turn.letGo();
    expect(turn.isDone()).toBe(false);
  });

  test('deletes a topic stops its turn', async () => {
    const turn = await atWork();
    await workflow('delete', turn.topic);
    await expect.poll(() => turn.outcomeInSession()).toBe('cancelled');
    await turn.letGo();
    expect(turn.isDone()).toBe(false);
  });

  test('requests a cancellation closes the topic now: outcomes are cancelled, the run is COMPLETED, and it is recalled', async () => {
    const turn = await atWork();
    await world.manager.submit(turn.topic, 'queued', { prompt_id: 'queued' });
    await workflow('cancel', turn.topic);
    await expect.poll(() => statusOf(turn.topic)).toBe('COMPLETED');
    expect(turn.outcomeInSession()).toBe('cancelled');
    for (const id of ['work', 'queued'])
      expect(await world.manager.outcome(turn.topic, id)).toMatchObject({ outcome: { status: 'cancelled' } });
    expect(await world.manager.delegate(turn.topic, 'next')).toMatchObject({
      status: 'completed',
      session_id: turn.session,
      turn: 3,
    });
    expect(turn.prompts()).toEqual(['before', turn.prompt, 'next']);
  });

  test.each(['FirstWorkflowTask', 'LastWorkflowTask'])(
    'resets a topic to its %s puts no prompt in twice, and leaves no turn at work unattended',
    async (type) => {
      const turn = await atWork();
      // These two have no ids: their place in history names them.
      await handleOf(turn.topic).signal('prompt', 'by signal');
      await handleOf(turn.topic).executeUpdate('prompt', { args: [{ prompt: 'by update', wait: false }] });
      await workflow('reset', turn.topic, '--type', type, '--reason', 'a person');
      await expect.poll(() => stepOf(turn.topic)).toBe('reading');
      await turn.letGo();
      expect(await turn.result()).toMatchObject({ status: 'completed', session_id: turn.session });
      expect(turn.isDone()).toBe(true);
      expect(await world.manager.delegate(turn.topic, 'next')).toMatchObject({
        status: 'completed',
        session_id: turn.session,
      });
      expect(turn.prompts()).toEqual(['before', turn.prompt, 'by signal', 'by update', 'next']);
    },
  );

  test('pauses and unpauses the activity: the turn goes on, and no attempt counts', async () => {
    const turn = await atWork();
    const activity = await activityOf(turn.topic);
    for (let times = 0; times < 2; times += 1) {
      const before = await startedAt(turn.topic);
      await temporal('activity', 'pause', ...activity);
      await expect.poll(() => stateOf(turn.topic)).toBe(PAUSED);
      expect(turn.outcomeInSession()).toBeUndefined();
      await temporal('activity', 'unpause', ...activity);
      await expect.poll(() => startedAt(turn.topic)).toBeGreaterThan(before);
    }
    await expect.poll(() => barrenOf(turn.topic)).toBeLessThanOrEqual(1);
    await turn.letGo();
    expect(await turn.result()).toMatchObject({ status: 'completed', session_id: turn.session });
    expect(turn.prompts()).toEqual(['before', turn.prompt]);
  });

  test('pauses the activity of a turn that is then cancelled: it ends, and the agent is stopped', async () => {
    const turn = await atWork();
    await temporal('activity', 'pause', ...(await activityOf(turn.topic)));
    await expect.poll(() => stateOf(turn.topic)).toBe(PAUSED);
    expect(turn.outcomeInSession()).toBeUndefined();
    await world.manager.cancel(turn.topic);
    expect(await turn.result()).toMatchObject({ status: 'cancelled' });
    await expect.poll(() => turn.outcomeInSession()).toBe('cancelled');
    expect(await world.manager.delegate(turn.topic, 'next')).toMatchObject({
      status: 'completed',
      session_id: turn.session,
    });
  });

  test('resets the activity: the turn goes on, and is put in once', async () => {
    const turn = await atWork();
    for (const flags of [[], ['--clear-heartbeat-details']]) {
      const before = await startedAt(turn.topic);
      await temporal('activity', 'reset', ...(await activityOf(turn.topic)), ...flags);
      await expect.poll(() => startedAt(turn.topic)).toBeGreaterThan(before);
    }
    await turn.letGo();
    expect(await turn.result()).toMatchObject({ status: 'completed', session_id: turn.session });
    expect(turn.prompts()).toEqual(['before', turn.prompt]);
  });

  test('changes the options of the activity: the turn goes on, and is put in once', async () => {
    const turn = await atWork();
    await temporal(
      'activity',
      'update-options',
      ...(await activityOf(turn.topic)),
      '--start-to-close-timeout',
      '90s',
      '--heartbeat-timeout',
      '20s',
      '--retry-maximum-attempts',
      '5',
    );
    await world.stopWorker();
    await world.startWorker();
    await expect.poll(() => attemptAt(world.client, turn.topic)).toMatchObject({ attempt: 2, started: true });
    await turn.letGo();
    expect(await turn.result()).toMatchObject({ status: 'completed', session_id: turn.session });
    expect(turn.prompts()).toEqual(['before', turn.prompt]);
  });
});

/** temporal.api.enums.v1.PendingActivityState */
const STARTED = 2;
const PAUSED = 4;

async function pendingTurn(topic: string) {
  const { raw } = await handleOf(topic).describe();
  return raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'runTurn');
}

const stateOf = async (topic: string) => Number((await pendingTurn(topic))?.state);

/** When the attempt began that is at work, in ms; 0 while none is. */
async function startedAt(topic: string): Promise<number> {
  const turn = await pendingTurn(topic);
  const at = Number(turn?.state) === STARTED ? turn?.lastStartedTime : undefined;
  return at ? Number(at.seconds ?? 0) * 1000 + (at.nanos ?? 0) / 1e6 : 0;
}
