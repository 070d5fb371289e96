/** Many topics that wait for one provider do not ask it all at once. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as messages from '../../src/contract/messages.js';
import { topicsIn } from '../support/topics-that-wait.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.dispose());

const { handleOf, nowWaiting } = topicsIn(() => world);
const waitingSince = async (topic: string) => (await nowWaiting(topic))?.since;

test(
  '50 topics that one provider refused: one tries when the limit should be over, and all follow',
  { timeout: 120_000 },
  async () => {
    const provider = join(world.dir, 'provider');
    await mkdir(provider);
    const calls = () => readFile(join(provider, 'calls'), 'utf8').then((text) => text.length);
    const until = (ms: number) => writeFile(join(provider, 'until'), new Date(Date.now() + ms).toISOString());
    await until(3_600_000);
    const topics = Array.from({ length: 50 }, () => `topic ${randomUUID()}`);
    const results = Promise.all(topics.map((topic) => world.manager.delegate(topic, `[[provider: ${provider}]] go`)));
    for (const topic of topics) await expect.poll(() => waitingSince(topic), { timeout: 30_000 }).toBeDefined();
    const parked = new Map(await Promise.all(topics.map(async (topic) => [topic, await waitingSince(topic)] as const)));
    const before = await calls();
    const retry = () => Promise.all(topics.map((topic) => handleOf(topic).signal(messages.retrySignal)));
    await until(3_600_000); // The limit is not over yet.
    await retry();
    for (const topic of topics)
      await expect.poll(async () => ![undefined, parked.get(topic)].includes(await waitingSince(topic))).toBe(true);
    expect((await calls()) - before).toBeLessThanOrEqual(10);
    await until(-1);
    await retry();
    expect((await results).map(({ status }) => status)).toEqual(topics.map(() => 'completed'));
  },
);
