import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionManager } from '../../client/session-manager.js';
import type { TopicFilter, TopicSummary } from '../../client/list-topics.js';
import { TOPIC_STATES, type TopicLifeState } from '../../contract/types.js';
import { command } from '../command.js';
import { connected } from '../connect.js';
import { LEFT, untilInterrupted } from '../interrupted.js';
import type { Output } from '../output.js';
import { table } from '../table.js';
import { UsageError } from '../usage-error.js';
import { oneLine } from '../words.js';

const LOOK_EVERY_MS = 2000;

export default command({
  name: 'list',
  summary: 'Lists the topics, newest first: state, turns, agent, session and project.',
  flags: {
    all: { kind: 'switch', help: 'Also topics that were closed.' },
    state: { kind: 'text', value: TOPIC_STATES.join('|'), help: 'Only topics in this state.' },
    agent: { kind: 'text', value: 'A', help: 'Only topics whose session is of this agent.' },
    'older-than': { kind: 'text', value: 'TIME', help: 'Only topics whose current run began longer ago than that, such as 7d or "2 hours".' },
    watch: { kind: 'switch', help: 'Again whenever it has changed, until Ctrl-C.' },
  },
  args: [],
  examples: [
    ['continuity list', 'the open topics'],
    ['continuity list --state running --watch', 'what is at work, as it goes on'],
    ['continuity list --older-than 7d --state idle', 'what could be closed'],
    ['continuity list --all --json | jq -r .[].session_id', 'every session id there is'],
  ],
  async run({ flags, output }) {
    const filter = await filterOf(flags);
    const all = flags.all === true || flags.state === 'closed';
    return connected(flags, async ({ manager }) => {
      if (flags.watch) return watch(() => topicsOf(manager, filter, all), output);
      await show(await topicsOf(manager, filter, all), output);
      return 0;
    });
  },
});

async function filterOf({ state, agent, 'older-than': age }: { state?: string; agent?: string; 'older-than'?: string }): Promise<TopicFilter> {
  const states: readonly string[] = TOPIC_STATES;
  if (state !== undefined && !states.includes(state)) throw new UsageError(`--state must be ${TOPIC_STATES.join(', ')}; got ${JSON.stringify(state)}.`, 'See: continuity list --help');
  const filter: TopicFilter = { ...(state !== undefined && { state: state as TopicLifeState }), ...(agent !== undefined && { agent }) };
  if (age === undefined) return filter;
  const { milliseconds } = await import('../../contract/duration.js');
  const ms = milliseconds(age);
  if (!(ms >= 0)) throw new UsageError(`--older-than must be a time such as 30m, 7d or "2 hours"; got ${JSON.stringify(age)}.`, 'See: continuity list --help');
  return { ...filter, startedBefore: new Date(Date.now() - ms) };
}

async function topicsOf(manager: SessionManager, filter: TopicFilter, all: boolean): Promise<TopicSummary[]> {
  const found: TopicSummary[] = [];
  for await (const topic of manager.list(filter)) if (all || topic.state !== 'closed') found.push(topic);
  return found;
}

async function show(topics: TopicSummary[], output: Output): Promise<void> {
  if (topics.length === 0 && !output.json) output.note('No such topics. Begin one: continuity delegate --topic NAME "…"');
  output.answer(topics, topics.length === 0 ? '' : await tableOf(topics));
}

/** One picture after the other; a terminal is cleared in between. */
async function watch(look: () => Promise<TopicSummary[]>, output: Output): Promise<number> {
  return untilInterrupted(async (left) => {
    for (let before = ''; !left.aborted; ) {
      const topics = await look();
      const now = JSON.stringify(topics);
      if (now !== before) {
        output.clear();
        await show(topics, output);
      }
      before = now;
      await sleep(LOOK_EVERY_MS, undefined, { signal: left }).catch(() => undefined); // Left: the loop ends.
    }
    return LEFT;
  });
}

function tableOf(topics: TopicSummary[]): Promise<string> {
  const rows = topics.map(({ topic, state, turns, agent, session_id, project, problem }) => [
    oneLine(topic, 50), problem ? `${state}, ${problem.code}` : state, String(turns), agent ?? '-', session_id ?? '-', oneLine(project ?? '-', 60),
  ]);
  return table(['TOPIC', 'STATE', 'TURNS', 'AGENT', 'SESSION', 'PROJECT'], rows);
}
