/** `npm run chaos -- --kills 1000 --seed N`: at length, with a table. Exit code 1 when a promise was broken. */
import { parseArgs } from 'node:util';
import { chaos } from './chaos.js';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    prompts: { type: 'string', default: '30' },
    topics: { type: 'string', default: '20' },
    clients: { type: 'string', default: '3' },
    'gap-ms': { type: 'string', default: '2500' },
    minutes: { type: 'string', default: '600' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    'no-operator': { type: 'boolean', default: false },
    'no-garbage': { type: 'boolean', default: false },
    bursts: { type: 'string', default: '2' },
    'burst-calls': { type: 'string', default: '100' },
    keep: { type: 'boolean', default: false },
  },
});
const number = (name: 'kills' | 'prompts' | 'topics' | 'clients' | 'gap-ms' | 'minutes' | 'seed' | 'bursts' | 'burst-calls') => {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`--${name} takes a whole number, not ${values[name]}.`);
  return value;
};

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interrupted.abort(new Error(`${name} was received.`)));
const startedAt = performance.now();
const { breaches, facts } = await chaos({
  seed: number('seed'),
  kills: number('kills'),
  prompts: number('prompts'),
  topics: number('topics'),
  clients: number('clients'),
  gapMs: number('gap-ms'),
  minutes: number('minutes'),
  operator: !values['no-operator'],
  garbage: !values['no-garbage'],
  bursts: { times: number('bursts'), calls: number('burst-calls') },
  keep: values.keep,
  signal: interrupted.signal,
  report: (line) => console.error(`${Math.round((performance.now() - startedAt) / 1000)} s: ${line}`),
});
console.table({ seed: values.seed, ...facts, 'promises broken': breaches.length });
for (const { promise, side, what } of breaches) console.log(`promise ${promise}, says the ${side}: ${what}`);
process.exitCode = breaches.length > 0 ? 1 : 0;
