import type { Forgot } from '../../client/forget-topic.js';
import { command } from '../command.js';
import { connected } from '../connect.js';
import { count } from '../words.js';

export default command({
  name: 'forget',
  summary: 'Erases what a topic remembers: its sessions, its outcomes, its used prompt ids and its runs. What it runs is stopped.',
  flags: { sessions: { kind: 'switch', help: 'Also delete its conversations in the agents’ own stores, where the agents can.' } },
  args: [{ name: 'topic', required: true }],
  examples: [
    ['continuity forget auth', 'the next prompt begins anew; the agent keeps its conversation'],
    ['continuity forget auth --sessions', 'the conversation goes, too'],
  ],
  async run({ flags, args, output }) {
    const forgot = await connected(flags, ({ manager }) => manager.forget(args.topic, flags.sessions ? { sessions: true } : {}));
    output.answer(forgot, [`Topic ${args.topic} is forgotten; ${count(forgot.runs.deleted, 'run')} deleted.`, ...remains(forgot)].join('\n'));
  },
});

function remains({ sessions, runs }: Forgot): string[] {
  const kept = sessions.filter(({ deleted }) => !deleted);
  return [
    ...kept.map(({ session_id, agent, host, kept_because: why }) => `Session ${session_id} of ${agent} on ${host} stays${why === undefined ? '' : `: ${why}`}.`),
    ...(runs.kept.length === 0 ? [] : [`${count(runs.kept.length, 'run')} stay in Temporal until their retention ends: ${runs.kept_because ?? 'the server did not say why'}.`]),
  ];
}
