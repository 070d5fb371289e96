/**
 * `npm run bench`: a durable turn here against the bare floor, in one run, so that a noisy machine is noisy for both.
 * In series the two take turns; over 50 topics they run one after the other.
 */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { WithStartWorkflowOperation } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { startWorld } from '../test/support/world.js';
import { ask, floor } from './floor-workflow.js';
import { noOpAgent } from './no-op-agent.js';

const WARM_UP = 15;
const IN_SERIES = 100;
const TOPICS = 50;
const TURNS_EACH = 6;
const prompt = 'Fix: '.padEnd(300, 'x');

const world = await startWorld({ worker: false });
const native = await NativeConnection.connect({ address: world.address });
const floorWorker = await Worker.create({
  connection: native,
  taskQueue: 'floor',
  workflowsPath: fileURLToPath(new URL('floor-workflow.ts', import.meta.url)),
  activities: { answer: (text: string) => Promise.resolve(text) },
});
const floorRun = floorWorker.run();
await world.startWorker({ agents: new Map([['fake', noOpAgent]]) });

const here = (topic: string) => world.manager.delegate(topic, prompt);
const bare = (id: string) =>
  world.client.workflow.executeUpdateWithStart(ask, {
    args: [prompt],
    startWorkflowOperation: new WithStartWorkflowOperation(floor, { workflowId: `floor/${id}`, taskQueue: 'floor', workflowIdConflictPolicy: 'USE_EXISTING' }),
  });

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function quantile(times: number[], q: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}

async function inSeries() {
  const [topic, id] = [randomUUID(), randomUUID()];
  const times = { here: [] as number[], bare: [] as number[] };
  for (let i = 0; i < WARM_UP + IN_SERIES; i += 1) {
    const [a, b] = [await timed(() => here(topic)), await timed(() => bare(id))];
    if (i < WARM_UP) continue;
    times.here.push(a);
    times.bare.push(b);
  }
  return times;
}

async function overTopics(work: (id: string) => Promise<unknown>) {
  const ids = Array.from({ length: TOPICS }, () => randomUUID());
  await Promise.all(ids.map(work));
  const times: number[] = [];
  const took = await timed(() =>
    Promise.all(
      ids.map(async (id) => {
        for (let i = 0; i < TURNS_EACH; i += 1) times.push(await timed(() => work(id)));
      }),
    ),
  );
  return { times, perSecond: (TOPICS * TURNS_EACH * 1000) / took };
}

const series = await inSeries();
const [floorBusy, hereBusy] = [await overTopics(bare), await overTopics(here)];

const ms = (value: number) => `${value.toFixed(1)} ms`;
const ratio = (a: number, b: number) => `${(a / b).toFixed(2)} ×`;
console.table({
  'in series, p50': { here: ms(quantile(series.here, 0.5)), floor: ms(quantile(series.bare, 0.5)), ratio: ratio(quantile(series.here, 0.5), quantile(series.bare, 0.5)) },
  'in series, p99': { here: ms(quantile(series.here, 0.99)), floor: ms(quantile(series.bare, 0.99)), ratio: ratio(quantile(series.here, 0.99), quantile(series.bare, 0.99)) },
  [`${TOPICS} topics, p50`]: { here: ms(quantile(hereBusy.times, 0.5)), floor: ms(quantile(floorBusy.times, 0.5)), ratio: ratio(quantile(hereBusy.times, 0.5), quantile(floorBusy.times, 0.5)) },
  [`${TOPICS} topics, p99`]: { here: ms(quantile(hereBusy.times, 0.99)), floor: ms(quantile(floorBusy.times, 0.99)), ratio: ratio(quantile(hereBusy.times, 0.99), quantile(floorBusy.times, 0.99)) },
  [`${TOPICS} topics, turns/s`]: { here: hereBusy.perSecond.toFixed(0), floor: floorBusy.perSecond.toFixed(0), ratio: ratio(hereBusy.perSecond, floorBusy.perSecond) },
});

floorWorker.shutdown();
await floorRun;
await native.close();
await world.dispose();
