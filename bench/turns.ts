/**
 * `npm run bench` compares a durable turn with two floors, in one run, so that noise of the machine
 * affects all of them. In series they take turns. Over 50 topics they run one after the other.
 */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { WithStartWorkflowOperation } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { startWorld } from '../test/support/world.js';
import { ask, floor, floorOfDesign } from './floor-workflow.js';
import { noOpAgent } from './no-op-agent.js';

const WARM_UP = 15;
const IN_SERIES = 100;
const TOPICS = 50;
const TURNS_EACH = 6;
const prompt = 'Fix: '.padEnd(300, 'x');

const world = await startWorld({ worker: false });
const native = await NativeConnection.connect({ address: world.address });
const activities = { answer: (text: string) => Promise.resolve(text) };
const workers = await Promise.all([
  Worker.create({
    connection: native,
    taskQueue: 'floor',
    workflowsPath: fileURLToPath(new URL('floor-workflow.ts', import.meta.url)),
    activities,
  }),
  Worker.create({ connection: native, taskQueue: 'floor.host', activities }),
]);
const running = workers.map((worker) => worker.run());
await world.startWorker({ agents: new Map([['fake', noOpAgent]]) });

type Turn = (id: string) => Promise<unknown>;

const asking =
  (workflow: typeof floor): Turn =>
  (id) =>
    world.client.workflow.executeUpdateWithStart(ask, {
      args: [prompt],
      startWorkflowOperation: new WithStartWorkflowOperation(workflow, {
        workflowId: `${workflow.name}/${id}`,
        taskQueue: 'floor',
        workflowIdConflictPolicy: 'USE_EXISTING',
      }),
    });
const turns = {
  here: (topic: string) => world.manager.delegate(topic, prompt),
  'bare floor': asking(floor),
  'floor of the design': asking(floorOfDesign),
} satisfies Record<string, Turn>;
type Column = keyof typeof turns;
const columns = Object.keys(turns) as Column[];

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function quantile(times: number[], q: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}

async function inSeries(): Promise<Record<Column, number[]>> {
  const id = randomUUID();
  const times: Record<Column, number[]> = { here: [], 'bare floor': [], 'floor of the design': [] };
  for (let i = 0; i < WARM_UP + IN_SERIES; i += 1) {
    for (const column of columns) {
      const took = await timed(() => turns[column](id));
      if (i >= WARM_UP) times[column].push(took);
    }
  }
  return times;
}

async function overTopics(work: Turn) {
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

function row(values: Record<Column, number>, unit: string, digits: number) {
  const cells = columns.map((column) => [column, `${values[column].toFixed(digits)}${unit}`]);
  const ratio = (to: Column) => `${(values.here / values[to]).toFixed(2)} ×`;
  return {
    ...Object.fromEntries(cells),
    'to bare': ratio('bare floor'),
    'to design': ratio('floor of the design'),
  } as Record<string, string>;
}

function each<T>(of: (column: Column) => T): Record<Column, T> {
  return { here: of('here'), 'bare floor': of('bare floor'), 'floor of the design': of('floor of the design') };
}

const series = await inSeries();
const busy = {
  'bare floor': await overTopics(turns['bare floor']),
  here: await overTopics(turns.here),
  'floor of the design': await overTopics(turns['floor of the design']),
};

console.table({
  'in series, p50': row(
    each((column) => quantile(series[column], 0.5)),
    ' ms',
    1,
  ),
  'in series, p99': row(
    each((column) => quantile(series[column], 0.99)),
    ' ms',
    1,
  ),
  [`${TOPICS} topics, p50`]: row(
    each((column) => quantile(busy[column].times, 0.5)),
    ' ms',
    1,
  ),
  [`${TOPICS} topics, p99`]: row(
    each((column) => quantile(busy[column].times, 0.99)),
    ' ms',
    1,
  ),
  [`${TOPICS} topics, turns/s`]: row(
    each((column) => busy[column].perSecond),
    '',
    0,
  ),
});

for (const worker of workers) worker.shutdown();
await Promise.all(running);
await native.close();
await world.dispose();
