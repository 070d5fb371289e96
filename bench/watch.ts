/**
 * `npm run bench:watch` (after `npm run build`) measures the cost and the delay of watching. Twenty
 * topics run on one worker, and each has a watcher. Their agent prints the time ten times a second.
 * *Behind* is the age of the newest time that a watcher knows when it learns a newer one, while all
 * topics run.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Agent, TurnEvent } from '../src/agents/agent.js';
import { startWorld } from '../test/support/world.js';
import { noOpAgent } from './no-op-agent.js';

const TOPICS = 20;
const WARM_UP_MS = 5000;
const MEASURED_MS = 20_000;
const SPEAKS_EVERY_MS = 100;
/** Linux counts CPU time in hundredths of a second. */
const TICKS_PER_SECOND = 100;

let said = false;
const speaking: Agent = {
  ...noOpAgent,
  async *turn(): AsyncGenerator<TurnEvent> {
    let text = '';
    while (!said) {
      text = `${text}${Date.now()} `.slice(-400);
      yield { type: 'progress', progress: { step: 'speaking', text_tail: text } };
      await sleep(SPEAKS_EVERY_MS);
    }
    yield { type: 'outcome', outcome: { status: 'completed', reply: text } };
  },
};

const world = await startWorld({ worker: false });
await world.startWorker({ agents: new Map([['fake', speaking]]) });
const topics = Array.from({ length: TOPICS }, (_, i) => `topic-${i}`);
for (const topic of topics) await world.manager.submit(topic, 'speak');
for (const topic of topics) while (!(await world.manager.progress(topic))) await sleep(50);

const lengths = () =>
  Promise.all(
    topics.map(async (topic) => (await world.client.workflow.getHandle(`topic/${topic}`).describe()).historyLength),
  );
const watcher = (topic: string, ...words: string[]) =>
  spawn(process.execPath, [fileURLToPath(new URL('../bin/continuity.js', import.meta.url)), 'watch', topic, ...words], {
    cwd: world.dir,
    env: { PATH: process.env.PATH, HOME: world.dir, TEMPORAL_ADDRESS: world.address },
    stdio: ['ignore', 'pipe', 'inherit'],
  });

/** CPU seconds of a process. */
function cpuOf({ pid = 0 }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

const before = await lengths();
const left = new AbortController();
const behind: number[] = [];
let measuring = false;
const watching = topics.map(async (topic) => {
  let newest: number | undefined;
  for await (const event of world.manager.watch(topic, left.signal)) {
    if (event.type !== 'progress') continue;
    if (measuring && newest !== undefined) behind.push(Date.now() - newest);
    newest = Number(event.text.trim().split(' ').at(-1)) || newest;
  }
});
const commands = [watcher('topic-0'), watcher('topic-1', '--json')];
for (const command of commands) createInterface(command.stdout ?? process.stdin).on('line', () => undefined);
await sleep(WARM_UP_MS);
measuring = true;
const [spent, since] = [commands.map(cpuOf), performance.now()];
await sleep(MEASURED_MS);
const seconds = (performance.now() - since) / 1000;
const percent = commands.map((command, i) => ((cpuOf(command) - (spent[i] ?? 0)) / seconds) * 100);
measuring = false;
const after = await lengths();

behind.sort((a, b) => a - b);
const ms = (value = NaN) => `${Math.round(value)} ms`;
console.table({
  'history events that watching cost': { value: after.reduce((sum, length, i) => sum + length - (before[i] ?? 0), 0) },
  'CPU of one continuity watch': { value: `${percent[0]?.toFixed(1)} % of a core` },
  'CPU of one continuity watch --json': { value: `${percent[1]?.toFixed(1)} % of a core` },
  'behind, median': { value: ms(behind[Math.floor(behind.length / 2)]) },
  'behind, worst': { value: ms(behind.at(-1)) },
});

for (const command of commands) command.kill('SIGINT');
left.abort();
await Promise.all(watching);
said = true;
for (const topic of topics) await world.manager.close(topic);
await world.dispose();
