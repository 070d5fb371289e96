/**
 * Promise 5 where a topic changes its agent: the other one takes over with a brief, the first one
 * goes on in its own session, and each result says so.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SessionManager } from '../../src/client/session-manager.js';
import { MAX_BRIEF_BYTES } from '../../src/contract/limits.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let manager: SessionManager;
let work: string;
beforeAll(async () => {
  world = await startWorld();
  work = join(world.dir, 'work');
  await mkdir(work);
  execFileSync('git', ['init', '-q'], { cwd: work });
  manager = await world.connect({ cwd: work });
});
afterAll(() => world?.dispose());

const aTopic = () => `topic ${randomUUID()}`;
const promptsIn = (session: string | null) => world.agent.promptsIn(session ?? '');

async function write(name: string, at?: Date): Promise<void> {
  await writeFile(join(work, name), 'text\n');
  if (at) await utimes(join(work, name), at, at);
}

describe('promise 5: a topic that is given to an agent of another kind', () => {
  test('goes on in a new session that is told what was done, then back in the old one, told what was done meanwhile', async () => {
    const topic = aTopic();
    const first = await manager.delegate(topic, 'Add login endpoint');
    await write('login.ts');
    const second = await manager.delegate(topic, 'Review it', { agent: 'other' });
    expect(second).toMatchObject({
      status: 'completed',
      agent: 'other',
      turn: 2,
      session: { kind: 'new', reason: 'agent_changed', follows: first.session_id },
    });
    const [taken = '', ...more] = promptsIn(second.session_id);
    expect(more).toEqual([]);
    expect(taken).toContain(`another agent, fake, worked on the topic "${topic}" in its session ${first.session_id}`);
    expect(taken).toContain('- turn 1 (completed): Add login endpoint → prompt 1 here: Add login endpoint');
    expect(taken).toContain('login.ts | new\n');
    expect(taken.endsWith('The prompt:\n\nReview it')).toBe(true);
    expect(Buffer.byteLength(taken)).toBeLessThanOrEqual(MAX_BRIEF_BYTES + 'Review it'.length);

    // Another prompt stays with the agent that has the topic, and carries no brief.
    expect(await manager.delegate(topic, 'And fix it')).toMatchObject({
      session_id: second.session_id,
      session: { kind: 'resumed' },
    });
    expect(promptsIn(second.session_id).at(-1)).toBe('And fix it');

    await write('login.ts', new Date(Date.parse(first.started_at) - 60_000));
    await write('review.md');
    const fourth = await manager.delegate(topic, 'Go on', { agent: 'fake' });
    expect(fourth).toMatchObject({
      status: 'completed',
      agent: 'fake',
      session_id: first.session_id,
      session: { kind: 'resumed', reason: 'agent_changed', follows: second.session_id },
    });
    const [asked, told = ''] = promptsIn(first.session_id);
    expect(asked).toBe('Add login endpoint');
    expect(told).toMatch(/^Note: since your last turn in this session, another agent, other, worked/);
    const [known = ''] = told.split('The last reply:');
    expect(known.split('\n').filter((line) => line.startsWith('- turn'))).toEqual([
      expect.stringMatching(/^- turn 2 \(completed\): Review it/),
      expect.stringMatching(/^- turn 3 \(completed\): And fix it/),
    ]);
    const files = told.slice(told.lastIndexOf('Files changed since'));
    expect(files).toContain('review.md | new');
    expect(files).not.toContain('login.ts');

    const { sessions, session_id } = await manager.view(topic);
    expect(session_id).toBe(first.session_id);
    expect(sessions.map(({ pinned, current }) => [pinned.agent, current])).toEqual([
      ['fake', true],
      ['other', false],
    ]);
    await expect
      .poll(async () => summaryOf(topic))
      .toMatchObject({
        agent: 'fake',
        session_id: first.session_id,
        other_sessions: [second.session_id],
      });
  });

  test('is told again in the next turn when the first one failed, and then no more', async () => {
    const topic = aTopic();
    await manager.delegate(topic, 'Add login endpoint');
    const failed = await manager.delegate(topic, '[[fail: MODEL_FAILED]] Review it', { agent: 'other' });
    expect(failed.status).toBe('failed');
    await manager.delegate(topic, 'Try again');
    await manager.delegate(topic, 'And on');
    const prompts = promptsIn(failed.session_id);
    expect(prompts.map((prompt) => prompt.startsWith('Note: until now, another agent, fake'))).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('has the same brief at every attempt of its turn, whatever changes meanwhile', async () => {
    const topic = aTopic();
    await manager.delegate(topic, 'Add login endpoint');
    const gate = join(world.dir, randomUUID());
    const answer = manager.delegate(topic, `Review it [[until: ${gate}]]`, { agent: 'other' });
    await expect.poll(async () => (await manager.progress(topic))?.step, { timeout: 60_000 }).toBe('reading');
    await world.stopWorker();
    await write(`later-${randomUUID()}`);
    await world.startWorker();
    await writeFile(gate, '');
    const { session_id, status } = await answer;
    expect(status).toBe('completed');
    expect(promptsIn(session_id)).toHaveLength(1);
  });

  test('is harvested after a reset to before it, though more files have changed since', async () => {
    const topic = aTopic();
    await manager.delegate(topic, 'Add login endpoint');
    const prompt_id = randomUUID();
    const second = await manager.delegate(topic, 'Review it', { agent: 'other', prompt_id });
    await write(`later-${randomUUID()}`);
    await resetToBefore('resolveAgent', topic);
    const { status, session_id, reply } = await manager.wait(topic, prompt_id);
    expect({ status, session_id, reply }).toEqual({
      status: 'completed',
      session_id: second.session_id,
      reply: second.reply,
    });
    expect(promptsIn(session_id)).toHaveLength(1);
  });

  test('by its category is handed over as well, and by a session id the turn ends as SESSION_PINNED', async () => {
    const topic = aTopic();
    const { session_id } = await manager.delegate(topic, 'one');
    const refused = await manager.delegate(undefined, 'two', { session_id, category: 'review' });
    expect(refused).toMatchObject({ status: 'failed', session_id, error: { code: 'SESSION_PINNED' } });
    expect(promptsIn(session_id)).toEqual(['one']);
    expect(await manager.delegate(topic, 'three', { category: 'review' })).toMatchObject({
      ...{ status: 'completed', agent: 'other', category: 'review' },
      session: { kind: 'new', reason: 'agent_changed', follows: session_id },
    });
    // A category that names no agent leaves the topic where it is.
    expect(await manager.delegate(topic, 'four', { category: 'quick' })).toMatchObject({
      ...{ status: 'completed', agent: 'other', category: 'quick' },
      session: { kind: 'resumed', changed: { category: 'quick' } },
    });
  });

  test('by a session id is refused as SESSION_PINNED', async () => {
    const { session_id } = await manager.delegate(aTopic(), 'one');
    await expect(manager.delegate(undefined, 'two', { session_id, agent: 'other' })).rejects.toMatchObject({
      code: 'SESSION_PINNED',
    });
  });

  test('goes on in a new session of the first agent when the old one was lost, and says which one that replaces', async () => {
    const topic = aTopic();
    const first = await manager.delegate(topic, 'one');
    const second = await manager.delegate(topic, 'two', { agent: 'other' });
    world.agent.lose(first.session_id);
    const third = await manager.delegate(topic, 'three', { agent: 'fake' });
    expect(third).toMatchObject({
      status: 'completed',
      session: { kind: 'replaced', reason: 'lost', replaces: first.session_id },
    });
    const [told = ''] = promptsIn(third.session_id);
    expect(told).toContain('- turn 1 (fake, completed): one');
    expect(told).toContain('- turn 2 (other, completed): two');
    expect(await manager.delegate(topic, 'four', { agent: 'other' })).toMatchObject({
      session_id: second.session_id,
      session: { kind: 'resumed', follows: third.session_id },
    });
  });
});

test('promise 6: another name of the same kind goes on in the same session, and the result says what changed', async () => {
  const topic = aTopic();
  const first = await manager.delegate(topic, 'one');
  expect(await manager.delegate(topic, 'two', { agent: 'twin' })).toMatchObject({
    status: 'completed',
    agent: 'twin',
    session_id: first.session_id,
    session: { kind: 'resumed', changed: { agent: 'twin', model: 'fake/twin' } },
  });
  expect(promptsIn(first.session_id).at(-1)).toBe('two');
  expect((await manager.view(topic)).sessions).toMatchObject([{ pinned: { agent: 'twin', model: 'fake/twin' } }]);
  expect(await manager.delegate(topic, 'three')).toMatchObject({ agent: 'twin', session: { kind: 'resumed' } });
});

test('an agent that the host does not know ends the turn as AGENT_UNKNOWN, and the topic stays where it was', async () => {
  const topic = aTopic();
  const first = await manager.delegate(topic, 'one');
  await world.client.workflow
    .getHandle(`topic/${topic}`)
    .signal('prompt', { prompt: 'two', prompt_id: 'two', agent: 'nobody' });
  expect(await manager.wait(topic, 'two')).toMatchObject({
    status: 'failed',
    session_id: null,
    error: { code: 'AGENT_UNKNOWN' },
  });
  expect(await manager.delegate(topic, 'three')).toMatchObject({
    session_id: first.session_id,
    session: { kind: 'resumed' },
  });
});

/** As an operator resets it: to the last workflow task before it called the activity. */
async function resetToBefore(activity: string, topic: string): Promise<void> {
  const workflowId = `topic/${topic}`;
  const handle = world.client.workflow.getHandle(workflowId);
  const { runId } = await handle.describe();
  const { events } = await handle.fetchHistory();
  const called = events?.findIndex(
    ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === activity,
  );
  const tasks = (events ?? []).slice(0, called).filter((event) => event.workflowTaskCompletedEventAttributes);
  await world.client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId, runId },
    workflowTaskFinishEventId: tasks.at(-1)?.eventId ?? null,
    reason: 'by an operator',
    requestId: randomUUID(),
  });
}

async function summaryOf(topic: string) {
  for await (const one of manager.list()) if (one.topic === topic) return one;
  return undefined;
}
