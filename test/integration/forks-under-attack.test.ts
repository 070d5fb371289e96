/** Forks that are asked for wrongly, many times, or while what they copy goes on or away. With the fake agent. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as messages from '../../src/contract/messages.js';
import type { TopicState } from '../../src/contract/state.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  // A prompt that names a gate makes its copy, and answers once the gate is there.
  const fork = world.agent.fork?.bind(world.agent);
  world.agent.fork = async (request, signal) => {
    const made = await fork?.(request, signal);
    const gate = join(world.dir, request.title);
    if (request.title.startsWith('gated')) while (!existsSync(gate) && !signal.aborted) await sleep(20);
    signal.throwIfAborted();
    if (!made) throw new Error('The fake agent cannot fork.');
    return made;
  };
});
afterAll(() => world?.dispose());

const aTopic = () => `topic ${randomUUID()}`;
const handleOf = (topic: string) => world.client.workflow.getHandle(`topic/${topic}`);
const stateOf = (topic: string): Promise<TopicState | undefined> =>
  handleOf(topic)
    .query(messages.state)
    .catch(() => undefined);
const runOf = async (topic: string) => (await handleOf(topic).describe()).runId;

async function original(...prompts: string[]) {
  const topic = aTopic();
  let session = '';
  for (const prompt of ['One', ...prompts]) session = (await world.manager.delegate(topic, prompt)).session_id ?? '';
  return { topic, session };
}

/** More than 5 MiB of answers that nothing asked for: a run goes on as another one in mid-turn only beyond that. */
async function rolled(topic: string): Promise<void> {
  const before = await runOf(topic);
  const noise = { decision: 'allow', ask_id: 'y'.repeat(40_000) } as const;
  const more = () =>
    Promise.all(Array.from({ length: 20 }, () => handleOf(topic).signal(messages.answerSignal, noise)));
  await expect.poll(() => more().then(() => runOf(topic))).not.toBe(before);
}

describe('a fork', () => {
  test('says what was copied, also where its topic has continued as new before the copy was there', async () => {
    const { topic, session } = await original('Two');
    const name = `gated-${randomUUID()}`;
    const copy = world.manager.delegate(name, 'Go on', { fork: { topic } });
    const forking = { topic, session_id: session, turn: 2 };
    await expect.poll(async () => (await stateOf(name))?.running?.forking).toEqual(forking);
    await world.manager.delegate(topic, 'Three');
    await rolled(name);
    await writeFile(join(world.dir, name), '');
    const { session_id, session: choice } = await copy;
    expect(choice.forked_from).toEqual(forking);
    expect(world.agent.promptsIn(session_id ?? '')).toEqual(['One', 'Two', 'Go on']);
  });

  test('of a topic that does not exist is refused at once, and opens no topic', async () => {
    const name = aTopic();
    await expect(world.manager.delegate(name, 'x', { fork: { topic: aTopic() } })).rejects.toMatchObject({
      code: 'TOPIC_UNKNOWN',
    });
    await expect(world.manager.view(name)).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' });
  });

  test('of a topic that was deleted since still attaches to its copy', async () => {
    const { topic } = await original();
    const [name, prompt_id] = [aTopic(), randomUUID()];
    const once = await world.manager.delegate(name, 'x', { fork: { topic }, prompt_id });
    await handleOf(topic).terminate();
    const { client } = world;
    const { workflowId } = handleOf(topic);
    await client.workflowService.deleteWorkflowExecution({ namespace: 'default', workflowExecution: { workflowId } });
    await expect
      .poll(() =>
        handleOf(topic)
          .describe()
          .catch(() => 'gone'),
      )
      .toBe('gone');
    expect(await world.manager.delegate(name, 'x', { fork: { topic }, prompt_id })).toEqual(once);
  });

  test('is made fifty times at once, and each copy is another one', async () => {
    const { topic, session } = await original();
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, index) => world.manager.delegate(aTopic(), `Way ${index}`, { fork: { topic } })),
    );
    expect(new Set(all.map(({ session_id }) => session_id)).size).toBe(50);
    for (const [index, { session_id, session: choice }] of all.entries()) {
      expect(choice).toMatchObject({ reason: 'forked', forked_from: { topic, session_id: session, turn: 1 } });
      expect(world.agent.promptsIn(session_id ?? '')).toEqual(['One', `Way ${index}`]);
    }
    expect(world.agent.promptsIn(session)).toEqual(['One']);
  });

  test('of a fork of a fork, and back into nothing that has a session', async () => {
    const { topic } = await original();
    const names = [topic, aTopic(), aTopic(), aTopic()];
    for (const [index, name] of names.entries()) {
      const of = names[index - 1];
      if (of === undefined) continue;
      const { session_id } = await world.manager.delegate(name, `Of ${index}`, { fork: { topic: of } });
      expect(world.agent.promptsIn(session_id ?? '')).toHaveLength(index + 1);
    }
    await expect(world.manager.delegate(topic, 'x', { fork: { topic: names[3] ?? '' } })).rejects.toMatchObject({
      code: 'SESSION_PINNED',
    });
  });

  test('of two topics of each other that have no session ends, and neither waits for the other', async () => {
    const [one, two] = [aTopic(), aTopic()];
    const signal = (name: string, of: string) =>
      world.client.workflow.signalWithStart(messages.topicSession, {
        workflowId: `topic/${name}`,
        taskQueue: messages.CONTINUITY,
        args: [{}],
        signal: messages.promptSignal,
        signalArgs: [{ prompt: 'x', prompt_id: 'x', fork: { topic: of } } as never],
      });
    await Promise.all([signal(one, two), signal(two, one)]);
    for (const name of [one, two]) {
      const { status, error } = await world.manager.wait(name, 'x');
      expect(status).toBe('failed');
      expect(['SESSION_UNKNOWN', 'TOPIC_UNKNOWN']).toContain(error?.code);
    }
  });

  const HOSTILE: [string, unknown][] = [
    ['an array', ['t']],
    ['a text', 't'],
    ['nested', { topic: { topic: 't' } }],
    ['no topic', { at: 1 }],
    ['a huge name', { topic: 'x'.repeat(100_000) }],
    ['NUL', { topic: 'a\0b' }],
    ['half a turn', { topic: 't', at: 1.5 }],
    ['turn -1', { topic: 't', at: -1 }],
    ['turn 0', { topic: 't', at: 0 }],
    ['a turn as text', { topic: 't', at: '2' }],
    ['a turn beyond numbers', { topic: 't', at: 1e300 }],
    ['turn null', { topic: 't', at: null }],
    ['another field', { topic: 't', depth: 3 }],
    ['a session that is no id', { topic: 't', session_id: 7 }],
  ];
  test.each(HOSTILE)(
    'that is %s is refused by update, and noted by signal, and the topic works on',
    async (_, fork) => {
      const name = aTopic();
      await world.manager.delegate(name, 'Begun');
      const request = { prompt: 'x', prompt_id: randomUUID(), fork } as never;
      await expect(handleOf(name).executeUpdate(messages.prompt, { args: [request] })).rejects.toMatchObject({
        cause: { type: 'INVALID_PROMPT' },
      });
      await handleOf(name).signal(messages.promptSignal, request);
      await expect.poll(async () => (await world.manager.view(name)).refused.at(-1)?.error.code).toBe('INVALID_PROMPT');
      expect(await world.manager.delegate(name, 'On')).toMatchObject({ status: 'completed', turn: 2 });
    },
  );
});

describe('while a fork is made', () => {
  const begun = async () => {
    const { topic, session } = await original();
    const name = `gated-${randomUUID()}`;
    const prompt_id = randomUUID();
    const result = world.manager.delegate(name, 'Go on', { fork: { topic }, prompt_id });
    result.catch(() => undefined); // It is awaited below.
    await expect.poll(async () => (await stateOf(name))?.running?.forking).toBeTruthy();
    return { topic, session, name, prompt_id, result, letGo: () => writeFile(join(world.dir, name), '') };
  };

  test.each(['close', 'forget'] as const)('%s of the original does not disturb it', async (how) => {
    const { topic, name, result, letGo } = await begun();
    await world.manager[how](topic);
    await letGo();
    expect(await result).toMatchObject({ status: 'completed', session: { reason: 'forked' } });
    expect(await world.manager.delegate(name, 'And on')).toMatchObject({ session: { kind: 'resumed' } });
  });

  test('a cancel of the fork ends it, and the next prompt may fork again', async () => {
    const { topic, name, result, letGo } = await begun();
    await world.manager.cancel(name);
    expect(await result).toMatchObject({ status: 'cancelled', session_id: null });
    await letGo();
    const again = await world.manager.delegate(name, 'Again', { fork: { topic } });
    expect(again).toMatchObject({ status: 'completed', session: { reason: 'forked' } });
    expect(world.agent.promptsIn(again.session_id ?? '')).toEqual(['One', 'Again']);
  });

  test('a new topic that is terminated forks once more, and into another session', async () => {
    const { topic, name, letGo } = await begun();
    await handleOf(name).terminate();
    await letGo();
    const again = await world.manager.delegate(name, 'Again', { fork: { topic } });
    expect(again).toMatchObject({ status: 'completed', session: { reason: 'forked' } });
    expect(world.agent.promptsIn(again.session_id ?? '')).toEqual(['One', 'Again']);
  });
});
