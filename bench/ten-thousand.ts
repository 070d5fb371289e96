/**
 * `npm run bench:long` runs 10,000 turns on one topic, with an agent that does nothing. It compares
 * turn 10,000 with turn 10 in time, in events and in bytes of history. TURNS=1000 makes a shorter
 * run.
 */
import { startWorld } from '../test/support/world.js';
import { noOpAgent } from './no-op-agent.js';

const TURNS = Number(process.env.TURNS ?? 10_000);
/** How many turns are measured around each of the two. */
const AROUND = 10;
const topic = 'long';
const prompt = 'Fix: '.padEnd(300, 'x');

const world = await startWorld({ worker: false });
await world.startWorker({ agents: new Map([['fake', noOpAgent]]) });
const handle = world.client.workflow.getHandle(`topic/${topic}`);

interface Cost {
  ms: number;
  events: number;
  bytes: number;
}

const sizeOf = async () => {
  const { runId, historyLength, historySize = 0 } = await handle.describe();
  return { runId, historyLength, historySize };
};

/** Medians of the turns that did not roll over. */
async function costAround(): Promise<Cost> {
  const costs: Cost[] = [];
  while (costs.length < 2 * AROUND) {
    const before = await sizeOf();
    const startedAt = performance.now();
    await world.manager.delegate(topic, prompt);
    const ms = performance.now() - startedAt;
    while ((await world.manager.view(topic)).state !== 'idle');
    const after = await sizeOf();
    if (after.runId !== before.runId) continue;
    costs.push({
      ms,
      events: after.historyLength - before.historyLength,
      bytes: after.historySize - before.historySize,
    });
  }
  const median = (of: keyof Cost) => costs.map((cost) => cost[of]).sort((a, b) => a - b)[AROUND] ?? NaN;
  return { ms: median('ms'), events: median('events'), bytes: median('bytes') };
}

try {
  await world.manager.delegate(topic, prompt);
  const early = await costAround();
  const startedAt = performance.now();
  const left = () => TURNS - AROUND;
  for (let turn = 2 * AROUND + 2; turn < left(); turn += 100) {
    const ids = Array.from({ length: Math.min(100, left() - turn) }, (_, i) => `p${turn + i}`);
    for (const prompt_id of ids) await handle.signal('prompt', { prompt, prompt_id });
    await world.manager.wait(topic, ids.at(-1) ?? '');
  }
  const perTurn = (performance.now() - startedAt) / (left() - 2 * AROUND);
  const late = await costAround();
  const { turns } = await world.manager.view(topic);
  console.table({
    'around turn 10': early,
    [`around turn ${turns - AROUND}`]: late,
    ratio: { ms: late.ms / early.ms, events: late.events / early.events, bytes: late.bytes / early.bytes },
  });
  console.log(`${turns} turns; ${perTurn.toFixed(1)} ms for each of those between, which waited in the queue.`);
} finally {
  await world.dispose();
}
