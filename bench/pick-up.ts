/**
 * `npm run bench:pick-up`: how long a turn at work is without a worker. From the signal that ends one to the moment at which its
 * successor's attempt is at work, with `continuity worker` as it is run (`npm run build` first), and the real OpenCode in mid-turn.
 * Eight seconds of what follows kill -9 are the heartbeat timeout, after which Temporal knows that the worker is gone.
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

/** Seconds. */
async function pickUp({ signal, standby }: Way): Promise<number> {
  const topic = `round-${(rounds += 1)}`;
  await says(worker, /worker is ready/);
  const holder = stage.holder();
  const turn = await stage.atWork(topic);
  const standing = standby ? await says(stage.worker('--standby'), /standing by/) : undefined;
  const since = performance.now();
  process.kill(holder, signal);
  if (!standing) await once(worker.process, 'exit');
  worker = standing ?? stage.worker();
  await until(async () => {
    const at = await stage.attemptAt(topic);
    return at !== undefined && at.attempt > 1 && at.started;
  });
  const took = (performance.now() - since) / 1000;
  await turn.letGo();
  await turn.result;
  return took;
}

const WAYS: Record<string, Way> = {
  'kill -9, started again': { signal: 'SIGKILL', standby: false },
  'kill -9, with a standby': { signal: 'SIGKILL', standby: true },
  'SIGTERM, started again': { signal: 'SIGTERM', standby: false },
  'SIGTERM, with a standby': { signal: 'SIGTERM', standby: true },
};

const seconds = (value = NaN) => `${value.toFixed(1)} s`;
try {
  const table: Record<string, object> = {};
  for (const [name, way] of Object.entries(WAYS)) {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const took = await pickUp(way);
      process.stderr.write(`${name}: ${seconds(took)}\n`);
      times.push(took);
    }
    times.sort((a, b) => a - b);
    table[name] = { median: seconds(times[Math.floor(ROUNDS / 2)]), worst: seconds(times.at(-1)) };
  }
  console.table(table);
} finally {
  await stage.dispose();
}
