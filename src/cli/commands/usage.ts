import type { TopicSummary } from '../../client/list-topics.js';
import type { SessionManager } from '../../client/session-manager.js';
import {
  inputOf,
  USAGE_KINDS,
  usageOf,
  type UsageKind,
  type UsageReport,
  type UsageRow,
} from '../../client/usage-of.js';
import { viewsOf } from '../../client/views-of.js';
import { estimateWords } from '../../contract/estimate.js';
import { tokensOf } from '../../contract/usage.js';
import { command } from '../args/command.js';
import { since } from '../args/since.js';
import { UsageError } from '../args/usage-error.js';
import { connected } from '../connect.js';
import { barsOf } from '../terminal/bars.js';
import type { Output } from '../terminal/output.js';
import { table } from '../terminal/table.js';
import { count, oneLine } from '../terminal/words.js';

const BOUNDS = { most: 1000, withinMs: 30_000 };
/** To ask more topics takes over a second. */
const MANY = 50;

export default command({
  name: 'usage',
  summary:
    'Shows what topics have used: tokens, how much of the input came from the cache of the provider, and the cost where the agent knows it.\nCounts every turn, with the fixes of its checks. Turns of an older release that did not count are missing. Closed topics count as long as Temporal keeps them. The last line estimates what the follow-ups would have cost in fresh sessions.',
  flags: {
    by: { kind: 'text', value: USAGE_KINDS.join('|'), help: 'What a line stands for. Default: topic.' },
    since: {
      kind: 'text',
      value: 'TIME',
      help: 'Count only the last days, such as 7d. Days are whole and in UTC. A topic knows the last 60 days on which it has worked.',
    },
    plot: { kind: 'switch', help: 'Draw bars instead of a table: of the cost, or of tokens where a cost is unknown.' },
  },
  args: [{ name: 'topic', required: false }],
  examples: [
    ['continuity usage', 'each topic, most tokens first'],
    ['continuity usage auth', 'one topic'],
    ['continuity usage --by project --since 7d', 'what each project has used this week'],
    ['continuity usage --by day --plot', 'a bar for each day'],
    ['continuity usage --by model --json | jq .total.used.cost_usd', 'the cost of all, for a script'],
  ],
  async run({ flags, args, output }) {
    const by = kindOf(flags.by);
    if (flags.plot && output.json)
      throw new UsageError('--plot draws for people, and --json answers a program.', 'Leave one of them out.');
    const from = flags.since === undefined ? undefined : await since(flags.since, '--since', 'usage');
    const { views, missing } = await connected(flags, async ({ manager }) =>
      args.topic === undefined
        ? viewsOfAll(manager, from, output)
        : { views: [await manager.view(args.topic)], missing: 0 },
    );
    const report = usageOf(views, by, from);
    output.answer({ ...report, missing }, await textOf(report, flags.plot === true, output));
    if (report.undated && !output.json)
      output.note(
        `Not counted: ${count(tokensOf(report.undated.used), 'token')} of ${count(report.undated.topics, 'topic')}, because the day is not known.`,
      );
    const { uncounted_steps: uncounted = 0 } = report.total?.used ?? {};
    if (uncounted > 0 && !output.json)
      output.note(`Not counted: ${count(uncounted, 'step')} that ended before the agent had stored what they used.`);
    if (missing > 0 && !output.json)
      output.note(
        `Missing: ${count(missing, 'topic')} that did not answer in time. Is a worker running? continuity doctor`,
      );
  },
});

function kindOf(by = 'topic'): UsageKind {
  const known: readonly string[] = USAGE_KINDS;
  if (known.includes(by)) return by as UsageKind;
  throw new UsageError(
    `--by must be ${USAGE_KINDS.join(', ')}; got ${JSON.stringify(by)}.`,
    'See: continuity usage --help',
  );
}

/** A topic that was closed before `from` is not asked. */
async function viewsOfAll(manager: SessionManager, from: Date | undefined, output: Output) {
  const topics: TopicSummary[] = [];
  for await (const one of manager.list())
    if (!from || !one.closed_at || new Date(one.closed_at) >= from) topics.push(one);
  if (topics.length > MANY && !output.json) output.note(`Asking ${count(topics.length, 'topic')} …`);
  const views = [...(await viewsOf(manager, topics, BOUNDS)).values()];
  return { views, missing: topics.length - views.length };
}

async function textOf(report: UsageReport, plot: boolean, output: Output): Promise<string> {
  const { rows, from, estimate } = report;
  if (rows.length === 0) return `No turn has reported what it used${from === undefined ? '' : ` since ${from}`}.`;
  const shown = plot ? plotOf(report, output) : await tableOf(report);
  return [shown, ...(estimate ? ['', `${estimateWords(estimate)}.`] : [])].join('\n');
}

function plotOf({ rows, total }: UsageReport, { columns, draws }: Output): string {
  const isPriced = total?.used.cost_usd !== undefined;
  const bars = rows.map(({ name, used }) => {
    const tokens = tokensOf(used);
    const said = [count(tokens, 'token'), ...(used.cost_usd === undefined ? [] : [dollars(used.cost_usd)])].join('  ');
    return { label: oneLine(name, Math.floor(columns / 3)), value: isPriced ? (used.cost_usd ?? 0) : tokens, said };
  });
  return barsOf(bars, { columns, draws });
}

const dollars = (usd: number) => `$${usd.toFixed(2)}`;

function tableOf({ by, rows, total }: UsageReport): Promise<string> {
  const number = (value: number) => value.toLocaleString('en');
  const cells = ({ name, turns, used }: UsageRow) => [
    oneLine(name, 60),
    number(turns),
    number(inputOf(used)),
    inputOf(used) === 0 ? '-' : `${Math.round((100 * used.cache_read_tokens) / inputOf(used))} %`,
    number(used.output_tokens + used.reasoning_tokens),
    used.cost_usd === undefined ? '-' : dollars(used.cost_usd),
  ];
  const shown = total && rows.length > 1 ? [...rows, total] : rows;
  return table([by.toUpperCase(), 'TURNS', 'TOKENS IN', 'FROM CACHE', 'TOKENS OUT', 'COST'], shown.map(cells));
}
