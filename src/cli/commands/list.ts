import type { TopicSummary } from '../../client/list-topics.js';
import { command } from '../command.js';
import { connected } from '../connect.js';
import { table } from '../table.js';
import { oneLine } from '../words.js';

export default command({
  name: 'list',
  summary: 'Lists the topics, newest first: state, turns, agent, session and project.',
  flags: { all: { kind: 'switch', help: 'Also topics that were closed.' } },
  args: [],
  examples: [
    ['continuity list', 'the open topics'],
    ['continuity list --all --json | jq -r .[].session_id', 'every session id there is'],
  ],
  async run({ flags, output }) {
    const topics = await connected(flags, async ({ manager }) => {
      const found: TopicSummary[] = [];
      for await (const topic of manager.list()) if (flags.all || topic.state !== 'closed') found.push(topic);
      return found;
    });
    if (topics.length === 0 && !output.json) output.note(`No ${flags.all ? '' : 'open '}topics. Begin one: continuity delegate --topic NAME "…"`);
    output.answer(topics, topics.length === 0 ? '' : await tableOf(topics));
  },
});

function tableOf(topics: TopicSummary[]): Promise<string> {
  const rows = topics.map(({ topic, state, turns, agent, session_id, project }) => [
    oneLine(topic, 50), state, String(turns), agent ?? '-', session_id ?? '-', oneLine(project ?? '-', 60),
  ]);
  return table(['TOPIC', 'STATE', 'TURNS', 'AGENT', 'SESSION', 'PROJECT'], rows);
}
