/**
 * `npm run bench:continuity`: what a follow-up costs in its session, warm and cold, and in a fresh
 * session that has to find its way again. The agent and its requests are real. What the model does
 * is planned (`continuity/plan.ts`).
 *
 *   --agents opencode,codex   some of opencode, claude-code, codex   [all that are there]
 *   --files 5,20,60           how many files the first task reads
 *   --follow-ups 20           how many follow the first task
 *   --skips 0,50,80           how much of the reading a fresh session leaves out, in percent
 *   --plot docs/continuity.svg
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { chaosAgent, isChaosAgent, whyMissing } from '../test/chaos/agents/index.js';
import { PRICES_AS_OF, PROVIDERS } from './continuity/cost.js';
import { measure } from './continuity/measure.js';
import { plotOf } from './continuity/plot.js';
import { breakEvenOf, rowsOf, type Row } from './continuity/table.js';

const { values } = parseArgs({
  options: {
    agents: { type: 'string', default: 'opencode,claude-code,codex' },
    files: { type: 'string', default: '5,20,60' },
    'follow-ups': { type: 'string', default: '20' },
    skips: { type: 'string', default: '0,50,80' },
    plot: { type: 'string' },
  },
});
const numbers = (text: string) => text.split(',').map(Number);
const followUps = Number(values['follow-ups']);
const freshAt = [1, 5, 20].filter((n) => n <= followUps);
const say = (line: string) => void process.stderr.write(`${line}\n`);

const all: Record<string, Row[]> = {};
for (const name of values.agents.split(',')) {
  if (!isChaosAgent(name)) throw new TypeError(`--agents does not know ${name}.`);
  const missing = whyMissing(name);
  if (missing !== undefined) {
    say(`${name}${missing}`);
    continue;
  }
  const wanted = { files: numbers(values.files), followUps, freshAt, skips: numbers(values.skips) };
  const measured = await measure(chaosAgent(name), wanted, (line) => say(`${name} ${line}`));
  const rows = rowsOf(measured);
  all[name] = rows;
  for (const provider of Object.keys(PROVIDERS)) {
    console.log(
      `\n${name}, ${provider} (prices of ${PRICES_AS_OF}): cost of follow-up n, as a part of a fresh session's`,
    );
    console.table(rows.filter((row) => row.provider === provider).map(({ provider: _, ...row }) => row));
    console.table(breakEvenOf(rows.filter((row) => row.provider === provider)));
  }
}
if (values.plot !== undefined) await writeFile(values.plot, plotOf(all));
