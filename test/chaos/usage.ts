/**
 * `npm run chaos:usage -- --agent codex --kills 100 --seed N`: whether what the results say was used
 * is what the endpoint has counted, to the token, while the worker and the agent are killed. Exit
 * code 1 when it is not.
 *
 * An answer counts when the endpoint has sent it whole to an agent that lives. Only the agent knows
 * whether it has stored an answer that was its last one when it was killed. Every other answer has
 * to be counted once, and nothing else.
 */
import { execa } from 'execa';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Agent, AgentOutcome, SessionRef } from '../../src/agents/agent.js';
import { createAgents } from '../../src/agents/kinds.js';
import { tokensOf } from '../../src/contract/usage.js';
import { startScriptedModel, type RecordedRequest } from '../../scripted/model.js';
import type { ToDo } from '../agents/prefix-turn.js';
import { never, startTurn } from '../agents/run.js';
import { processesOf } from '../support/processes.js';
import { programsOf } from './agents/agent.js';
import { CHAOS_AGENTS, chaosAgent, isChaosAgent, whyMissing } from './agents/index.js';
import { diceOf } from './plan.js';

const WORKER = fileURLToPath(new URL('../agents/prefix-turn.ts', import.meta.url));
const TURNS_IN_A_SESSION = 10;
const LONGEST_MS = 2_500;
/** No agent starts again within this time. */
const UNDER_WAY_MS = 150;

const { values } = parseArgs({
  options: {
    agent: { type: 'string', default: 'opencode' },
    kills: { type: 'string', default: '100' },
    minutes: { type: 'string', default: '600' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const { agent: name } = values;
if (!isChaosAgent(name)) throw new TypeError(`--agent takes one of ${CHAOS_AGENTS.join(', ')}, not ${name}.`);
if (whyMissing(name) !== undefined) throw new Error(`${name} is not there. Run: node scripts/fetch-agents.mjs ${name}`);
const [kills, minutes, seed] = [Number(values.kills), Number(values.minutes), Number(values.seed)];

const agentOf = chaosAgent(name);
const dice = diceOf(seed);
const dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-usage-')));
const cwd = join(dir, 'work');
await mkdir(cwd);
const model = await startScriptedModel();
const env = await agentOf.isolate(dir, model.url);
const dataDir = join(dir, 'continuity');
const agents = createAgents(
  { agents: { agent: agentOf.config }, dataDir },
  { log: () => undefined, env: { ...process.env, ...env } },
);
const agent = agents.get('agent') as Agent;

async function open(n: number): Promise<SessionRef> {
  const { model: named } = agentOf.config;
  const request = { seed: `session-${n}`, title: 'Used', cwd, ...(named !== undefined && { model: named }) };
  return { ...(await agent.open(request, never)), cwd };
}

interface Count {
  turns: number;
  /** Of processes. */
  kills: number;
  /** Tokens. */
  endpoint: number;
  results: number;
  /** Answers that were the last one when the agent was killed, and what became of them. */
  'cut off, counted': number;
  'cut off, not counted': number;
  'tokens not counted': number;
  /** Turns whose tokens no set of such answers explains. */
  wrong: number;
  /** Steps that the results themselves say are missing. */
  'said to be missing': number;
}

const count: Count = {
  ...{ turns: 0, kills: 0, endpoint: 0, results: 0 },
  ...{ 'cut off, counted': 0, 'cut off, not counted': 0, 'tokens not counted': 0, wrong: 0, 'said to be missing': 0 },
};

const answered = (label: string) =>
  model.requests().filter(({ asks, tokens }) => tokens !== undefined && asks.at(-1)?.startsWith(label));

/** With the time of the kill. */
type CutOff = Map<RecordedRequest, number>;

const sentAt = new Map<RecordedRequest, number>();
model.listen(() => {
  for (const one of model.requests())
    if (one.tokens !== undefined && !sentAt.has(one)) sentAt.set(one, performance.now());
});

/** A turn, through all its kills. */
async function turn(session: SessionRef, n: number): Promise<void> {
  const label = `turn-${n}`;
  const calls = Array.from({ length: 1 + dice.upTo(2) }, () => `[[bash: sleep 0.${dice.upTo(9)}; echo ${label}]]`);
  const prompt = `${label} ${calls.join(' ')} [[stream: ${dice.upTo(600)}]] [[say: The end of ${label}.]]`;
  const cutOff: CutOff = new Map();
  if (dice.upTo(2) === 0) await killWorkerIn({ session, prompt, label, cutOff });
  const running = startTurn(agent, session, prompt, label);
  const over = new AbortController();
  void running.outcome.finally(() => over.abort()).catch(() => undefined);
  for (let left = 1 + dice.upTo(1); left > 0 && count.kills < kills; left--)
    if (await comes(over.signal)) await killAgent(label, cutOff);
  const outcome = await running.outcome;
  if (outcome.status !== 'completed') throw new Error(`${label} ended as ${JSON.stringify(outcome)}`);
  add(label, outcome, cutOff);
}

/** A moment at random after the next request. @returns whether it came before the turn was over */
async function comes(over: AbortSignal): Promise<boolean> {
  const asked = model.requests().length;
  while (model.requests().length === asked && !over.aborted) await sleep(5);
  await sleep(dice.upTo(LONGEST_MS), undefined, { signal: over }).catch(() => undefined);
  return !over.aborted;
}

interface Begun {
  session: SessionRef;
  prompt: string;
  label: string;
  cutOff: CutOff;
}

/** The turn begins in a worker process. Sometimes the agent is killed with it. */
async function killWorkerIn({ session, prompt, label, cutOff }: Begun): Promise<void> {
  const todo: ToDo = { config: agentOf.config, dataDir, cwd, prompt, id: label, session, instructions: '' };
  const worker = execa(process.execPath, ['--import', 'tsx', WORKER, JSON.stringify(todo)], { env, reject: false });
  const over = new AbortController();
  void worker.then(() => over.abort());
  if (!(await comes(over.signal))) return;
  if (worker.kill('SIGKILL')) count.kills++;
  if (dice.upTo(1) === 0) await killAgent(label, cutOff);
  await worker;
}

async function killAgent(label: string, cutOff: CutOff): Promise<void> {
  const own = () => model.requests().filter(({ asks }) => asks.at(-1)?.startsWith(label));
  const last = own().findLastIndex(({ tokens }) => tokens !== undefined);
  const pids = programsOf(agentOf, dir);
  const at = performance.now();
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  count.kills += pids.length;
  if (pids.length === 0) return;
  // The last answer, one that is on its way, and one to a request that was on its way.
  await sleep(UNDER_WAY_MS);
  for (const one of own().slice(Math.max(last, 0))) if (!cutOff.has(one)) cutOff.set(one, at);
}

function add(label: string, { usage }: AgentOutcome, cutOff: CutOff): void {
  const told = usage ? tokensOf(usage) : 0;
  /** How many ms an answer was sent before the kill. Below 0: nobody got it. */
  const before = (one: RecordedRequest) => Math.round((cutOff.get(one) ?? Infinity) - (sentAt.get(one) ?? 0));
  const all = answered(label).filter((one) => before(one) >= 0);
  const whole = all.filter((one) => cutOff.has(one));
  const sent = tokensIn(all);
  const lost = subset(whole, sent - told);
  count.turns++;
  count['said to be missing'] += usage?.uncounted_steps ?? 0;
  count.endpoint += sent;
  count.results += told;
  if (lost === undefined) {
    count.wrong++;
    const answers = all.map((one) => `${one.tokens}${cutOff.has(one) ? ` (${before(one)} ms before a kill)` : ''}`);
    console.error(`${label}: the endpoint counted ${sent}, the result ${told}. Answers: ${answers.join(', ')}`);
    return;
  }
  if (lost.length > 0)
    console.error(`${label}: not counted, though sent so many ms before the kill: ${lost.map(before).join(', ')}`);
  count['cut off, not counted'] += lost.length;
  count['cut off, counted'] += whole.length - lost.length;
  count['tokens not counted'] += tokensIn(lost);
}

const tokensIn = (answers: RecordedRequest[]) => answers.reduce((sum, { tokens = 0 }) => sum + tokens, 0);

/** Those whose tokens are this sum. */
function subset(of: RecordedRequest[], sum: number): RecordedRequest[] | undefined {
  if (sum === 0) return [];
  const [first, ...rest] = of;
  if (!first || sum < 0) return undefined;
  const without = subset(rest, sum);
  if (without) return without;
  const others = subset(rest, sum - (first.tokens ?? 0));
  return others && [first, ...others];
}

const startedAt = performance.now();
try {
  let session = await open(0);
  for (let n = 1; count.kills < kills && performance.now() - startedAt < minutes * 60_000; n++) {
    if (n % TURNS_IN_A_SESSION === 0) session = await open(n);
    await turn(session, n);
    if (n % 5 === 0) console.error(`${Math.round((performance.now() - startedAt) / 1000)} s: ${JSON.stringify(count)}`);
  }
} finally {
  await agent.close({ stop: true }).catch(() => undefined); // What does not end by itself is killed.
  for (const pid of processesOf(dir)) process.kill(pid, 'SIGKILL');
  await model.close();
  await rm(dir, { recursive: true, force: true, maxRetries: 5 });
}
console.table({ agent: name, seed, ...count, seconds: Math.round((performance.now() - startedAt) / 1000) });
process.exitCode = count.wrong > 0 ? 1 : 0;
