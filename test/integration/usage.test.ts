/** What a topic has used is counted over turns, fixes and runs, and `continuity usage` sums it up. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { noOpAgent } from '../../bench/no-op-agent.js';
import type { Agent, TurnEvent } from '../../src/agents/agent.js';
import { hasWorkedSince, type UsageReport } from '../../src/client/usage-of.js';
import type { Usage } from '../../src/contract/types.js';
import { startWorld, type World } from '../support/world.js';
import { type Continuity, continuityIn, surroundingsOf } from './cli-command.js';

const EACH: Usage = {
  input_tokens: 100,
  output_tokens: 20,
  reasoning_tokens: 0,
  cache_read_tokens: 300,
  cache_write_tokens: 0,
};

/** Answers at once, and says what each turn has used. */
const counting = (name: string, usage: Usage): Agent => ({
  ...noOpAgent,
  name,
  // eslint-disable-next-line @typescript-eslint/require-await -- the interface is asynchronous
  async *turn({ prompt }): AsyncGenerator<TurnEvent> {
    yield { type: 'outcome', outcome: { status: 'completed', reply: prompt, usage } };
  },
});

let world: World;
let continuity: Continuity;
beforeAll(async () => {
  world = await startWorld({ worker: false });
  const agents = [counting('fake', { ...EACH, cost_usd: 0.25 }), counting('other', EACH)];
  await world.startWorker({ agents: new Map(agents.map((agent) => [agent.name, agent])) });
  continuity = continuityIn(surroundingsOf(world));
});
afterAll(async () => {
  await world?.dispose();
});

const usage = async (...words: string[]) => {
  const { stdout } = await continuity(['usage', ...words, '--json']);
  return JSON.parse(stdout) as UsageReport & { missing: number };
};

test('turns, the fixes of checks and a closed run count, each once', async () => {
  await world.manager.delegate('shop', 'One');
  const { usage: ofAll } = await world.manager.delegate('shop', 'Two', { checks: [{ run: 'false' }], max_fixes: 2 });
  expect(ofAll).toMatchObject({ input_tokens: 300, cost_usd: 0.75 });
  await world.manager.close('shop');
  await world.manager.delegate('shop', 'Three');
  const { used, sessions } = await world.manager.view('shop');
  const five = { input_tokens: 500, output_tokens: 100, cache_read_tokens: 1500, cost_usd: 1.25 };
  expect(used).toMatchObject(five);
  expect(sessions).toMatchObject([{ used: five }]);
  const { stdout } = await continuity(['show', 'shop']);
  expect(stdout).toContain('Used: 2,100 tokens, $1.25, 75 % of the input from the cache');
});

test('they are summed up by topic, agent and project; a cost that is not known of all is not told', async () => {
  await world.manager.delegate('blog', 'One', { agent: 'other' });
  const byTopic = await usage();
  expect(byTopic.rows.map(({ name, turns }) => [name, turns])).toEqual([
    ['shop', 5],
    ['blog', 1],
  ]);
  expect(byTopic.total?.used).toEqual({ ...EACH, input_tokens: 600, output_tokens: 120, cache_read_tokens: 1800 });
  expect(byTopic.missing).toBe(0);
  const byAgent = await usage('--by', 'agent');
  expect(byAgent.rows.map(({ name, used }) => [name, used.cost_usd])).toEqual([
    ['fake', 1.25],
    ['other', undefined],
  ]);
  expect((await usage('--by', 'project')).rows).toMatchObject([{ topics: 2, turns: 6 }]);
  expect((await usage('--by', 'model')).rows).toMatchObject([{ name: 'its default', topics: 2, turns: 6 }]);
  expect((await usage('blog')).rows).toMatchObject([{ name: 'blog', turns: 1 }]);
  const { stdout } = await continuity(['usage', '--by', 'agent']);
  expect(stdout).toMatch(/AGENT +TURNS +TOKENS IN +FROM CACHE +TOKENS OUT +COST\s+fake +5 +2,000 +75 % +100 +\$1\.25/);
  expect(stdout).toMatch(/total +6 +2,400 +75 % +120 +-/);
});

test('follow-ups are estimated in fresh sessions, as an estimate, in text and in JSON', async () => {
  const words = 'Estimate: 4 follow-ups cost $1.00; in fresh sessions they would have cost $0.71 to $1.13';
  expect((await continuity(['usage', 'shop'])).stdout).toContain(words);
  expect((await continuity(['show', 'shop'])).stdout).toContain(words);
  const { estimate } = await usage('shop');
  expect(estimate).toMatchObject({ follow_ups: 4, used: { weighted_tokens: 520, cost_usd: 1 } });
  expect(estimate?.fresh.weighted_tokens).toEqual([250, 640]);
  expect(await usage('blog')).not.toHaveProperty('estimate');
  // Where the cost of one is not known, the tokens are told.
  await world.manager.delegate('blog', 'Two', { agent: 'other' });
  const { stdout } = await continuity(['usage']);
  expect(stdout).toContain('Estimate: 5 follow-ups cost 650 input tokens weighted by price; in fresh sessions');
});

test('days have what all have together, and a plot has a bar for each', async () => {
  const { rows, total } = await usage('--by', 'day');
  for (const { name } of rows) expect(name).toMatch(/^20\d\d-\d\d-\d\d$/);
  expect(total).toMatchObject({ topics: 2, turns: 7, used: { input_tokens: 700 } });
  expect(await usage('--by', 'day', '--since', '1h')).toMatchObject({ from: rows.at(-1)?.name, total: { turns: 7 } });
  expect((await usage('shop', '--by', 'agent', '--since', '1h')).rows).toMatchObject([
    { name: 'fake', turns: 5, used: { cost_usd: 1.25 } },
  ]);
  const { stdout } = await continuity(['usage', '--plot']);
  expect(stdout).toMatch(/^shop {2}#+ {2}2,100 tokens {2}\$1\.25$/m);
  expect(stdout).toMatch(/^blog {2}#+ +840 tokens$/m);
  expect(await continuity(['usage', '--plot', '--json'])).toMatchObject({ exitCode: 2 });
});

test('--since leaves out the topics that have not worked since then, open or closed', async () => {
  await world.manager.close('blog');
  expect((await usage('--since', '1h')).rows.map(({ name }) => name).sort()).toEqual(['blog', 'shop']);
  const later = new Date();
  await world.manager.delegate('late', 'One');
  const age = `${Date.now() - later.getTime()} ms`;
  expect(hasWorkedSince(await world.manager.view('shop'), later)).toBe(false); // It is open.
  expect(hasWorkedSince(await world.manager.view('late'), later)).toBe(true);
  expect((await usage('shop', '--since', age)).rows).toEqual([]);
});

test('bad words are refused, with what would do', async () => {
  expect(await continuity(['usage', '--by', 'colour'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('--by must be topic, project, agent, model, day; got "colour".') as string,
  });
  expect((await continuity(['usage', '--since', 'soon'])).stderr).toContain('--since must be a time such as 30m');
  expect((await continuity(['usage', 'nobody'])).stderr).toContain('TOPIC_UNKNOWN');
});

test('topics that do not answer are told as missing', async () => {
  await world.stopWorker();
  expect(await usage()).toMatchObject({ rows: [], missing: 3 });
});
