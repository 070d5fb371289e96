/**
 * `npm run bench:pick-up` (after `npm run build`) measures how long a running turn has no worker.
 * The time goes from the signal that ends one worker to the moment at which the successor's attempt
 * runs. It uses `continuity worker` and the real OpenCode in mid-turn.
 *
 * It also measures how long a caller waits who asks as soon as the successor is ready. The server
 * first offers each topic to the worker that had the topic in its cache, and that worker may be
 * dead.
 */
import { once } from 'node:events';
import { startWorkerStage, until, type StagedWorker } from '../test/support/worker-stage.js';

const ROUNDS = 3;
const stage = await startWorkerStage();

async function says(worker: StagedWorker, what: RegExp): Promise<StagedWorker> {
  await until(() => {
    if (worker.process.exitCode !== null) throw new Error(`The worker ended: ${worker.said()}`);
    return what.test(worker.said());
  });
  return worker;
}

interface Way {
  signal: 'SIGKILL' | 'SIGTERM';
  standby: boolean;
}

let rounds = 0;
/** One worker after the other runs through all rounds, so that OpenCode keeps running. */
let worker = stage.worker();

interface Times {
  pickUp: number;
  /** `show`: a query. */
  view: number;
  /** `watch`, to its first view. */
  watch: number;
  /** `delegate --no-wait`: an update. */
  submit: number;
}

/** All times in seconds. */
async function pickUp({ signal, standby }: Way): Promise<Times> {
  const topic = `round-${(rounds += 1)}`;
  await says(worker, /worker is ready/);
  const idle = [`asked-${rounds}`, `watched-${rounds}`, `handed-${rounds}`] as const;
  for (const one of idle) await stage.manager.delegate(one, 'Hello [[say: Hello.]]');
  const holder = stage.holder();
  const turn = await stage.atWork(topic);
  const standing = standby ? await says(stage.worker('--standby'), /standing by/) : undefined;
  const since = performance.now();
  process.kill(holder, signal);
  if (!standing) await once(worker.process, 'exit');
  worker = standing ?? stage.worker();
  const asked = says(worker, /worker is ready/).then(() =>
    Promise.all([
      seconds(() => stage.manager.view(idle[0])),
      seconds(() => stage.manager.watch(idle[1])[Symbol.asyncIterator]().next()),
      seconds(() => stage.manager.submit(idle[2], 'Again [[say: Again.]]')),
    ]),
  );
  await until(async () => {
    const at = await stage.attemptAt(topic);
    return at !== undefined && at.attempt > 1 && at.started;
  });
  const took = (performance.now() - since) / 1000;
  const [view, watch, submit] = await asked;
  await turn.letGo();
  await turn.result;
  return { pickUp: took, view, watch, submit };
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const since = performance.now();
  await work();
  return (performance.now() - since) / 1000;
}

const WAYS: Record<string, Way> = {
  'kill -9, started again': { signal: 'SIGKILL', standby: false },
  'kill -9, with a standby': { signal: 'SIGKILL', standby: true },
  'SIGTERM, started again': { signal: 'SIGTERM', standby: false },
  'SIGTERM, with a standby': { signal: 'SIGTERM', standby: true },
};

const shown = (value = NaN) => `${value.toFixed(1)} s`;
const inOrder = (values: number[]) => [...values].sort((a, b) => a - b);
try {
  const table: Record<string, object> = {};
  for (const [name, way] of Object.entries(WAYS)) {
    const times: Times[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const took = await pickUp(way);
      process.stderr.write(`${name}: ${JSON.stringify(took)}\n`);
      times.push(took);
    }
    const column = (of: keyof Times) => {
      const all = inOrder(times.map((one) => one[of]));
      return `${shown(all[Math.floor(ROUNDS / 2)])}, at worst ${shown(all.at(-1))}`;
    };
    table[name] = {
      'at work again': column('pickUp'),
      'show answers in': column('view'),
      'watch answers in': column('watch'),
      'submit answers in': column('submit'),
    };
  }
  console.table(table);
} finally {
  await stage.dispose();
}
