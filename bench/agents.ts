/**
 * `npm run bench:agents` (`npm run build` first): what a turn of each agent costs here, and beside
 * it the same agent without us, in turns, so that a noisy machine is noisy for both. The model
 * answers at once. `-- --agents codex` for one of them.
 */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findClaude } from '../src/agents/claude-code/program.js';
import { findCodex } from '../src/agents/codex/program.js';
import { chaosAgent, whyMissing } from '../test/chaos/agents/index.js';
import { startTemporal } from '../test/support/world.js';
import { until } from '../test/support/worker-stage.js';
import { startAgentStage, type AgentStage } from './agent-stage.js';
import { BARE, type MeasuredAgent } from './bare-agents.js';

const { values } = parseArgs({ options: { agents: { type: 'string', default: Object.keys(BARE).join(',') } } });
const NEW_TOPICS = 5;
const WARM_UP = 3;
const FOLLOW_UPS = 20;
const PICK_UPS = 3;
const AT_ONCE = 4;

const isMeasured = (name: string): name is MeasuredAgent => Object.hasOwn(BARE, name);
const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
const worst = (values: number[]) => Math.max(...values);
const ms = (value: number) => `${Math.round(value)} ms`;
const mb = (value: number) => `${Math.round(value)} MB`;

async function turn({ manager }: AgentStage, topic: string, prompt: string): Promise<number> {
  const since = performance.now();
  const { status, error } = await manager.delegate(topic, prompt);
  if (status !== 'completed') throw new Error(`A turn ended as ${status}: ${error?.message}`);
  return performance.now() - since;
}

async function newTopics(stage: AgentStage): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < NEW_TOPICS; n += 1) times.push(await turn(stage, `new-${n}`, 'Hello [[say: Hello.]]'));
  return times;
}

async function followUps(stage: AgentStage, name: MeasuredAgent) {
  const bare = await BARE[name]({ ...stage, program: await programOf(name, stage) });
  const [here, alone]: [number[], number[]] = [[], []];
  try {
    for (let n = 0; n < WARM_UP + FOLLOW_UPS; n += 1) {
      const ours = await turn(stage, 'new-0', `Again ${n} [[say: Again.]]`);
      const theirs = await bare.followUp(`Again ${n} [[say: Again.]]`);
      if (n < WARM_UP) continue;
      here.push(ours);
      alone.push(theirs);
    }
  } finally {
    await bare.end();
  }
  return { here, alone };
}

function programOf(name: MeasuredAgent, { env }: AgentStage): Promise<string> {
  const { path } = chaosAgent(name).config;
  if (name === 'claude-code') return findClaude(path, env);
  return name === 'codex' ? findCodex(path, env) : Promise.resolve('');
}

/** From the kill of the worker to the moment at which its successor's attempt is at work. */
async function pickUps(stage: AgentStage, first: ReturnType<AgentStage['startWorker']>) {
  const times: number[] = [];
  let worker = first;
  for (let n = 0; n < PICK_UPS; n += 1) {
    const topic = `picked-up-${n}`;
    const files = { begun: join(stage.cwd, `${topic}.begun`), go: join(stage.cwd, `${topic}.go`) };
    const script = `touch ${topic}.begun; until test -e ${topic}.go; do sleep 0.05; done`;
    const ended = turn(stage, topic, `Work [[bash: ${script}]] [[say: Worked.]]`);
    await until(() => existsSync(files.begun));
    const since = performance.now();
    worker.kill('SIGKILL');
    await once(worker, 'exit');
    worker = stage.startWorker();
    await until(async () => {
      const at = await stage.attemptAt(topic);
      return at !== undefined && at.attempt > 1 && at.started;
    });
    times.push(performance.now() - since);
    await writeFile(files.go, '');
    await ended;
    await stage.isReady(worker);
  }
  return { times, worker };
}

async function memoryOf(stage: AgentStage, worker: ReturnType<AgentStage['startWorker']>) {
  const idle = stage.memory(worker);
  const before = stage.model.requests().length;
  const working = Array.from({ length: AT_ONCE }, (_, n) =>
    turn(stage, `at-once-${n}`, 'Work [[slow: 8000]] [[say: Worked.]]'),
  );
  await until(
    () =>
      stage.model
        .requests()
        .slice(before)
        .filter(({ aside }) => !aside).length >= AT_ONCE,
  );
  const busy = stage.memory(worker);
  await Promise.all(working);
  return { idle, perTurn: (busy.worker + busy.agent - idle.worker - idle.agent) / AT_ONCE };
}

async function measure(name: MeasuredAgent) {
  const temporal = await startTemporal();
  const stage = await startAgentStage(chaosAgent(name), temporal);
  try {
    const worker = stage.startWorker();
    await stage.isReady(worker);
    const ofHost = await turn(stage, 'first', 'Hello [[say: Hello.]]');
    const firsts = await newTopics(stage);
    const { here, alone } = await followUps(stage, name);
    const pickedUp = await pickUps(stage, worker);
    const { idle, perTurn } = await memoryOf(stage, pickedUp.worker);
    return {
      'first turn of a host': ms(ofHost),
      'first turn of a topic': ms(median(firsts)),
      'follow-up': ms(median(here)),
      '… at worst': ms(worst(here)),
      '… without us': ms(median(alone)),
      '… what we add': ms(median(here) - median(alone)),
      'pick-up after kill -9': `${ms(median(pickedUp.times))}, at worst ${ms(worst(pickedUp.times))}`,
      'memory: worker': mb(idle.worker),
      'memory: idle agent': mb(idle.agent),
      'memory: a running turn': mb(perTurn),
    };
  } finally {
    await stage.dispose();
    await temporal.teardown();
  }
}

const table: Record<string, Record<string, string>> = {};
for (const name of values.agents.split(',')) {
  if (!isMeasured(name)) throw new TypeError(`--agents takes some of ${Object.keys(BARE).join(',')}, not ${name}.`);
  const missing = whyMissing(name);
  if (missing !== undefined) process.stderr.write(`${name}${missing}\n`);
  else table[name] = await measure(name);
  process.stderr.write(`${name}: ${JSON.stringify(table[name])}\n`);
}
const rows = Object.keys(Object.values(table)[0] ?? {});
console.table(
  Object.fromEntries(
    rows.map((row) => [row, Object.fromEntries(Object.entries(table).map(([name, cells]) => [name, cells[row]]))]),
  ),
);
