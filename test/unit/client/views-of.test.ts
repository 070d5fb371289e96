/** Many topics are asked for their views, some at a time. */
import { setImmediate as aTurn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { TopicSummary } from '../../../src/client/list-topics.js';
import type { SessionManager } from '../../../src/client/session-manager.js';
import { viewsOf } from '../../../src/client/views-of.js';

const topics = Array.from({ length: 100 }, (_, at) => ({ topic: `t${at}` }) as TopicSummary);

function asked(view: (topic: string) => Promise<unknown>): Pick<SessionManager, 'view'> {
  return { view: view as SessionManager['view'] };
}

test('8 at once, as many as are wanted, without a word on stderr; one that does not answer is missing', async () => {
  const warnings: Error[] = [];
  const warned = (warning: Error) => void warnings.push(warning);
  process.on('warning', warned);
  onTestFinished(() => void process.off('warning', warned));
  let [now, most, count] = [0, 0, 0];
  const manager = asked(async (topic) => {
    count += 1;
    most = Math.max(most, (now += 1));
    await aTurn();
    now -= 1;
    if (topic === 't3') throw new Error('does not answer');
    return { topic };
  });
  const views = await viewsOf(manager, topics, { most: 90, withinMs: 10_000 });
  expect([most, count, views.size]).toEqual([8, 90, 89]);
  expect(views.get(topics[5]!)).toEqual({ topic: 't5' });
  await aTurn();
  expect(warnings).toEqual([]);
});

test('when the time is over, no other is asked', async () => {
  let count = 0;
  const manager = asked((topic) => {
    count += 1;
    return topic === 't0' ? Promise.resolve({ topic }) : new Promise(() => undefined);
  });
  const views = await viewsOf(manager, topics, { most: 100, withinMs: 50 });
  expect([views.size, count]).toEqual([1, 9]);
});
