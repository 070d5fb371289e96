/**
 * `npm run bench:continuity`: what a follow-up costs in its session, warm and cold, and in a fresh
 * session that has to find its way again. The agent and its requests are real. What the model does
 * is planned (`continuity/plan.ts`).
 *
 *   --agents opencode,codex   some of opencode, claude-code, codex, opencode-openai   [all that are there]
 *   --files 5,20,60           how many files the first task reads
 *   --follow-ups 20           how many follow the first task
 *   --skips 0,50,80           how much of the reading a fresh session leaves out, in percent
 *   --rereads                 each follow-up reads the file again that it changes
 *   --keep run.json           keeps what was measured
 *   --from run.json           makes the tables of kept runs, and runs nothing
 *   --model-tokens 2048,4096  how long the conversation is with which a real model is measured; 0: it is not
 *   --markdown                prints the tables of docs/continuity.md, too
 *   --plot docs/continuity.svg
 */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { AGENTS } from './continuity/agents.js';
import { PROVIDERS, providersOf } from './continuity/cost.js';
import { measure } from './continuity/measure.js';
import { joined, keptRun, runOf, type Measured, type Run } from './continuity/measured.js';
import { markdownOf } from './continuity/markdown.js';
import { partsOf } from './continuity/parts.js';
import { plotOf } from './continuity/plot.js';
import { modelTimes, whyNoModel } from './continuity/real-model.js';
import { breakEvenOf, rowsOf, type Row } from './continuity/table.js';
import { wallTimesOf } from './continuity/times.js';

const { values } = parseArgs({
  options: {
    agents: { type: 'string', default: Object.keys(AGENTS).join(',') },
    files: { type: 'string', default: '5,20,60' },
    'follow-ups': { type: 'string', default: '20' },
    skips: { type: 'string', default: '0,50,80' },
    rereads: { type: 'boolean', default: false },
    keep: { type: 'string' },
    from: { type: 'string' },
    'model-tokens': { type: 'string', default: '2048,4096,8192' },
    markdown: { type: 'boolean', default: false },
    plot: { type: 'string' },
  },
});
const numbers = (text: string) => text.split(',').map(Number);
const say = (line: string) => void process.stderr.write(`${line}\n`);

async function measured(): Promise<Run> {
  const followUps = Number(values['follow-ups']);
  const freshAt = [1, 5, 20].filter((n) => n <= followUps);
  const { rereads } = values;
  const wanted = { files: numbers(values.files), followUps, freshAt, skips: numbers(values.skips), rereads };
  const run: Run = {};
  for (const name of values.agents.split(',')) {
    const agent = AGENTS[name];
    if (!agent) throw new TypeError(`--agents takes some of ${Object.keys(AGENTS).join(', ')}, not ${name}.`);
    const missing = agent.missing();
    if (missing !== undefined) {
      say(`${name}${missing}`);
      continue;
    }
    const { wire } = agent;
    run[name] = { wire, measured: await measure(agent.agent(), wanted, (line) => say(`${name} ${line}`)) };
    if (values.keep !== undefined) await writeFile(values.keep, keptRun(run));
  }
  return run;
}

/** Of the first agent, because they differ little here, with the files and the follow-up in the middle. */
async function realModel([name, { measured: turns }]: [string, { measured: Measured[] }]): Promise<void> {
  const sizes = numbers(values['model-tokens']).filter((size) => size > 0);
  const missing = sizes.length > 0 ? whyNoModel() : undefined;
  if (missing !== undefined) console.log(`\n${missing}`);
  const whole = turns.filter(({ asked }) => asked.skips === 0).map(({ asked }) => asked);
  const asked = whole[Math.floor(whole.length / 2)];
  if (sizes.length === 0 || missing !== undefined || !asked) return;
  const times = await modelTimes(asked, turns, sizes, (line) => say(`${name}, real model, ${line}`));
  console.log(`\nGemma 3 270M on one core: the requests of ${name}, ${asked.files} files, follow-up ${asked.followUp}`);
  console.table(times);
}

const kept = values.from?.split(',').map(async (file) => runOf(await readFile(file, 'utf8')));
const run = kept ? joined(await Promise.all(kept)) : await measured();
const drawn: Record<string, Row[]> = {};
for (const [name, { wire, measured: turns }] of Object.entries(run)) {
  const rows = rowsOf(wire, turns);
  for (const provider of providersOf(wire)) {
    const mine = rows.filter((row) => row.provider === provider);
    const { model, asOf } = PROVIDERS[provider] ?? {};
    console.log(`\n${name}, ${provider} (${model}, ${asOf}): cost of follow-up n, as a part of a fresh session's`);
    console.table(mine.map(({ provider: _, ...row }) => row));
    console.log('What of the reading a fresh session has to skip before it is as cheap:');
    console.table(breakEvenOf(mine));
  }
  const [provider = ''] = providersOf(wire);
  drawn[`${name} (${provider})`] = rows.filter((row) => row.provider === provider);
  for (const { files, 'follow-up': followUp } of breakEvenOf(drawn[`${name} (${provider})`] ?? [])) {
    console.log(`${name}, ${files} files, follow-up ${followUp}: what the weighted tokens consist of (${provider})`);
    console.table(partsOf(provider, files, followUp, turns));
  }
  if (values.markdown) console.log(markdownOf(drawn[`${name} (${provider})`] ?? []));
  console.log(`${name}: the time of a turn where the model answers at once`);
  console.table(wallTimesOf(turns));
}
const [first] = Object.entries(run);
if (first) await realModel(first);
if (values.plot !== undefined) await writeFile(values.plot, plotOf(drawn));
