/**
 * `npm run chaos -- --agent codex --kills 1000 --seed N`: at length, with a table. Exit code 1 when a promise was
 * broken.
 */
import { parseArgs } from 'node:util';
import { CHAOS_AGENTS, chaosAgent, isChaosAgent, whyMissing } from './agents/index.js';
import { chaos } from './chaos.js';

const { values } = parseArgs({
  options: {
    agent: { type: 'string', default: 'opencode' },
    kills: { type: 'string', default: '100' },
    prompts: { type: 'string', default: '30' },
    topics: { type: 'string', default: '20' },
    clients: { type: 'string', default: '3' },
    'gap-ms': { type: 'string', default: '2500' },
    minutes: { type: 'string', default: '600' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    'no-operator': { type: 'boolean', default: false },
    waits: { type: 'boolean', default: false },
    'no-garbage': { type: 'boolean', default: false },
    bursts: { type: 'string', default: '2' },
    'burst-calls': { type: 'string', default: '100' },
    keep: { type: 'boolean', default: false },
  },
});
const number = (
  name: 'kills' | 'prompts' | 'topics' | 'clients' | 'gap-ms' | 'minutes' | 'seed' | 'bursts' | 'burst-calls',
) => {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new TypeError(`--${name} takes a whole number, not ${values[name]}.`);
  return value;
};

if (!isChaosAgent(values.agent))
  throw new TypeError(`--agent takes one of ${CHAOS_AGENTS.join(', ')}, not ${values.agent}.`);
if (whyMissing(values.agent) !== undefined)
  throw new Error(`${values.agent} is not there. Run: node scripts/fetch-agents.mjs ${values.agent}`);

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.on(name, () => interrupted.abort(new Error(`${name} was received.`)));
const startedAt = performance.now();
const { breaches, facts } = await chaos({
  agent: chaosAgent(values.agent, { asks: values.waits }),
  seed: number('seed'),
  kills: number('kills'),
  prompts: number('prompts'),
  topics: number('topics'),
  clients: number('clients'),
  gapMs: number('gap-ms'),
  minutes: number('minutes'),
  operator: !values['no-operator'],
  garbage: !values['no-garbage'],
  waits: values.waits,
  bursts: { times: number('bursts'), calls: number('burst-calls') },
  keep: values.keep,
  signal: interrupted.signal,
  report: (line) => console.error(`${Math.round((performance.now() - startedAt) / 1000)} s: ${line}`),
});
console.table({ seed: values.seed, ...facts, 'promises broken': breaches.length });
for (const { promise, side, what } of breaches) console.log(`promise ${promise}, says the ${side}: ${what}`);
process.exitCode = breaches.length > 0 ? 1 : 0;
