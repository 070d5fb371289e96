/**
 * `npm run bench:slots` measures how many turns should run at once on a host. It uses the real
 * OpenCode with a model that answers after 300 ms. Each column sends one prompt to that many new
 * topics at once. All rows are measured in one run, so that noise of the machine affects all of
 * them. Compare the rows with each other.
 */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { openCodeUnderTest } from '../test/agents/opencode-under-test.js';
import { startWorld } from '../test/support/world.js';

const { values } = parseArgs({
  options: { slots: { type: 'string', default: '2,4,8,16,1000' }, topics: { type: 'string', default: '1,4,16,40' } },
});
const numbers = (list: string) => list.split(',').map(Number);
const MODEL_MS = 300;

const [world, opencode] = await Promise.all([startWorld({ worker: false }), openCodeUnderTest()]);
const agent = opencode.create();

interface Times {
  first: number;
  median: number;
  total: number;
}

/** Seconds from the moment at which all prompts are sent. */
async function atOnce(topics: number): Promise<Times> {
  const since = performance.now();
  const passed = () => (performance.now() - since) / 1000;
  const times = await Promise.all(
    Array.from({ length: topics }, async () => {
      const { status, error } = await world.manager.delegate(
        randomUUID(),
        `Hello [[slow: ${MODEL_MS}]] [[say: Hello.]]`,
        { cwd: opencode.cwd },
      );
      if (status !== 'completed') throw new Error(`A turn ended as ${status}: ${error?.message}`);
      return passed();
    }),
  );
  times.sort((a, b) => a - b);
  return { first: times[0] ?? NaN, median: times[Math.floor(topics / 2)] ?? NaN, total: times.at(-1) ?? NaN };
}

const seconds = (value: number) => `${value.toFixed(1)} s`;
try {
  const table: Record<string, Record<string, string>> = {};
  for (const turnsPerHost of numbers(values.slots)) {
    const config = {
      defaultAgent: 'opencode',
      agents: { opencode: { kind: 'opencode' as const, model: opencode.model } },
      limits: { ...world.config.limits, turnsPerHost },
    };
    await world.startWorker({ config, agents: new Map([['opencode', agent]]) });
    await atOnce(1); // Starts OpenCode, or warms it up.
    const row: Record<string, string> = {};
    for (const topics of numbers(values.topics)) {
      const { first, median, total } = await atOnce(topics);
      row[`${topics} topics: first, median, last reply`] = [first, median, total].map(seconds).join(', ');
      process.stderr.write(
        `${turnsPerHost} turns at once, ${topics} topics: ${[first, median, total].map(seconds).join(', ')}\n`,
      );
    }
    table[`${turnsPerHost} turns at once`] = row;
    await world.stopWorker();
  }
  console.table(table);
} finally {
  await world.dispose();
  await agent.close({ stop: true });
  await opencode.dispose();
}
