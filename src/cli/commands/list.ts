import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionManager } from '../../client/session-manager.js';
import type { TopicFilter, TopicSummary } from '../../client/list-topics.js';
import { askWords } from '../../client/waiting-words.js';
import { withWaiting, type WaitingTopic } from '../../client/with-waiting.js';
import type { Waiting } from '../../contract/asks.js';
import { defined } from '../../contract/defined.js';
import { TOPIC_STATES, type TopicLifeState } from '../../contract/views.js';
import { command } from '../args/command.js';
import { since } from '../args/since.js';
import { connected } from '../connect.js';
import { LEFT, untilInterrupted } from '../interrupted.js';
import type { Output } from '../terminal/output.js';
import { table } from '../terminal/table.js';
import { UsageError } from '../args/usage-error.js';
import { oneLine, quoted, until } from '../terminal/words.js';

const LOOK_EVERY_MS = 2000;

export default command({
  name: 'list',
  summary:
    'Lists the topics, newest first.\nPrints a table: topic, state, turns, agent, session and project. With --waiting: what each waits for, and until when.',
  flags: {
    all: { kind: 'switch', help: 'Also list closed topics.' },
    state: { kind: 'text', value: TOPIC_STATES.join('|'), help: 'Only topics in this state.' },
    waiting: {
      kind: 'switch',
      help: 'Only topics whose turn waits for an answer, a provider, its agent or its host, and what for.',
    },
    agent: { kind: 'text', value: 'A', help: 'Only topics with a session of this agent.' },
    'older-than': {
      kind: 'text',
      value: 'TIME',
      help: 'Only topics whose current run started longer ago, such as 7d or "2 hours".',
    },
    watch: { kind: 'switch', help: 'Print the list again when it changes, until Ctrl-C.' },
  },
  args: [],
  examples: [
    ['continuity list', 'the open topics'],
    ['continuity list --state running --watch', 'the topics at work, live'],
    ['continuity list --waiting', 'what needs you: permissions, questions, logins, limits'],
    [
      `continuity list --waiting --json | jq -r '.[] | select(.waiting.for == "answer") | .topic'`,
      'the topics that wait for an answer',
    ],
    ['continuity list --older-than 7d --state idle', 'topics that you may want to close'],
    ['continuity list --all --json | jq -r .[].session_id', 'all session ids'],
  ],
  async run({ flags, output }) {
    const filter = await filterOf(flags);
    const all = flags.all === true || flags.state === 'closed';
    const waits = flags.waiting === true;
    return connected(flags, async ({ manager }) => {
      const look = async () => {
        const topics = await topicsOf(manager, filter, all);
        return waits ? withWaiting(manager, topics) : topics;
      };
      const print = (topics: TopicSummary[]) => show(topics, output, waits);
      if (flags.watch) return watch(look, print, output);
      await print(await look());
      return 0;
    });
  },
});

async function filterOf({
  state: said,
  waiting,
  agent,
  'older-than': age,
}: {
  state?: string;
  waiting?: boolean;
  agent?: string;
  'older-than'?: string;
}): Promise<TopicFilter> {
  const states: readonly string[] = TOPIC_STATES;
  if (waiting && said !== undefined && said !== 'waiting')
    throw new UsageError(
      `--waiting lists topics in the state waiting, and --state asks for ${JSON.stringify(said)}.`,
      'Leave one of them out. See: continuity list --help',
    );
  const state = waiting ? 'waiting' : said;
  if (state !== undefined && !states.includes(state))
    throw new UsageError(
      `--state must be ${TOPIC_STATES.join(', ')}; got ${JSON.stringify(state)}.`,
      'See: continuity list --help',
    );
  const filter: TopicFilter = {
    ...(state !== undefined && { state: state as TopicLifeState }),
    ...defined({ agent }),
  };
  if (age === undefined) return filter;
  return { ...filter, startedBefore: await since(age, '--older-than', 'list') };
}

async function topicsOf(manager: SessionManager, filter: TopicFilter, all: boolean): Promise<TopicSummary[]> {
  const found: TopicSummary[] = [];
  for await (const topic of manager.list(filter)) if (all || topic.state !== 'closed') found.push(topic);
  return found;
}

async function show(topics: TopicSummary[], output: Output, waits: boolean): Promise<void> {
  if (topics.length === 0 && !output.json)
    output.note(waits ? 'No topic waits.' : 'No such topics. Start one: continuity delegate --topic NAME "…"');
  output.answer(topics, topics.length === 0 ? '' : await (waits ? waitingTable : tableOf)(topics));
  if (waits && topics.length > 0 && !output.json)
    output.note('Answer one: continuity answer TOPIC --allow | --deny | "…" · try one again: continuity retry TOPIC');
}

/** Prints each new list. A terminal is cleared in between. */
async function watch(
  look: () => Promise<TopicSummary[]>,
  print: (topics: TopicSummary[]) => Promise<void>,
  output: Output,
): Promise<number> {
  return untilInterrupted(async (left) => {
    for (let before = ''; !left.aborted;) {
      const topics = await look();
      const now = JSON.stringify(topics);
      if (now !== before) {
        output.clear();
        await print(topics);
      }
      before = now;
      await sleep(LOOK_EVERY_MS, undefined, { signal: left }).catch(() => undefined); // AbortError: the loop's condition sees it.
    }
    return LEFT;
  });
}

function tableOf(topics: TopicSummary[]): Promise<string> {
  const rows = topics.map(({ topic, state, turns, agent, session_id, other_sessions, project, problem }) => [
    oneLine(topic, 50),
    problem ? `${state}, ${problem.code}` : state,
    String(turns),
    agent ?? '-',
    session_id === undefined ? '-' : `${session_id}${other_sessions ? ` (+${other_sessions.length})` : ''}`,
    oneLine(project ?? '-', 60),
  ]);
  return table(['TOPIC', 'STATE', 'TURNS', 'AGENT', 'SESSION', 'PROJECT'], rows);
}

function waitingTable(topics: WaitingTopic[]): Promise<string> {
  const now = Date.now();
  const rows = topics.map(({ topic, agent, waiting, waiting_for_host: host, problem }) => [
    oneLine(topic, 50),
    agent ?? '-',
    waiting ? `${until(waiting.until, now).replace(/ \(.*/, '')}` : '-',
    waiting
      ? forOf(waiting)
      : host !== undefined
        ? `host ${host}`
        : (problem?.code ?? `did not say in time: continuity show ${quoted(topic)}`),
  ]);
  return table(['TOPIC', 'AGENT', 'UNTIL', 'WAITS FOR'], rows);
}

function forOf(waiting: Waiting): string {
  if (waiting.for === 'answer') return askWords(waiting.ask, 100);
  return `${waiting.because.code}: ${oneLine(waiting.because.message, 100)}`;
}
