/** `fix` and `also`: follow-ups as people spell them, by topic or by session. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.dispose());

test('fix and also go to the session that did it, by topic and by session id, also when the topic was closed', async () => {
  const topic = `topic ${randomUUID()}`;
  const { session_id } = await world.manager.delegate(topic, 'build it');
  const fixed = await world.manager.fix(topic, 'it does not compile');
  const also = await world.manager.also(`${session_id}`, 'is it tested?');
  await world.manager.close(topic);
  await expect
    .poll(async () => (await world.client.workflow.getHandle(`topic/${topic}`).describe()).status.name)
    .toBe('COMPLETED');
  const again = await world.manager.fix(topic, 'again');
  expect([fixed, also, again].map((result) => [result.session_id, result.session.kind])).toEqual(
    Array(3).fill([session_id, 'resumed']),
  );
  expect(world.agent.promptsIn(session_id ?? '')).toEqual([
    'build it',
    'Fix: it does not compile',
    'Also: is it tested?',
    'Fix: again',
  ]);
});

test('they never open anything', async () => {
  await expect(world.manager.fix('no such topic', 'error')).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' });
  await expect(world.manager.also('ses_nowhere', 'why?')).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' });
  await expect(world.manager.fix('no such topic', '  ')).rejects.toMatchObject({ code: 'INVALID_PROMPT' });
  await expect(world.manager.wait('no such topic', 'p-1')).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' });
});
