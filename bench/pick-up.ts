/**
 * `npm run bench:pick-up`: how long a turn at work is without a worker. From the signal that ends one to the moment at which its
 * successor's attempt is at work, with `continuity worker` as it is run (`npm run build` first), and the real OpenCode in mid-turn.
 * Then how long a caller waits who asks as soon as the successor is ready: the server first offers each topic to the worker that
 * had it in its cache, which may be dead.
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
/** Goes on from round to round, so that OpenCode does, too. */
let worker = stage.worker();

interface Times {
  pickUp: number;
  /** Of `show` and `watch`: a query. */
  view: number;
  /** Of `delegate --no-wait`: an update. */
  submit: number;
}

/** All in seconds. */
async function pickUp({ signal, standby }: Way): Promise<Times> {
  const topic = `round-${(rounds += 1)}`;
  await says(worker, /worker is ready/);
  const idle = [`asked-${rounds}`, `handed-${rounds}`] as const;
  for (const one of idle) await stage.manager.delegate(one, 'Hello [[say: Hello.]]');
  const holder = stage.holder();
  const turn = await stage.atWork(topic);
  const standing = standby ? await says(stage.worker('--standby'), /standing by/) : undefined;
  const since = performance.now();
  process.kill(holder, signal);
  if (!standing) await once(worker.process, 'exit');
  worker = standing ?? stage.worker();
  const asked = says(worker, /worker is ready/).then(() =>
    Promise.all([seconds(() => stage.manager.view(idle[0])), seconds(() => stage.manager.submit(idle[1], 'Again [[say: Again.]]'))]),
  );
  await until(async () => {
    const at = await stage.attemptAt(topic);
    return at !== undefined && at.attempt > 1 && at.started;
  });
  const took = (performance.now() - since) / 1000;
  const [view, submit] = await asked;
  await turn.letGo();
  await turn.result;
  return { pickUp: took, view, submit };
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
    table[name] = { 'at work again': column('pickUp'), 'show answers in': column('view'), 'submit answers in': column('submit') };
  }
  console.table(table);
} finally {
  await stage.dispose();
}
