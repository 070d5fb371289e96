import type { Forgot } from '../../client/forget-topic.js';
import { command } from '../args/command.js';
import { connected } from '../connect.js';
import { count } from '../terminal/words.js';

export default command({
  name: 'forget',
  summary:
    'Erases a topic: its sessions, outcomes, used prompt ids and runs. Stops its running turn.\nPrints how many runs were deleted, and what remains.',
  flags: {
    sessions: {
      kind: 'switch',
      help: 'Also delete its conversations in the stores of the agents that can do so.',
    },
  },
  args: [{ name: 'topic', required: true }],
  examples: [
    ['continuity forget auth', 'the next prompt opens a new session; the agent keeps the old conversation'],
    ['continuity forget auth --sessions', 'deletes the conversation, too'],
  ],
  async run({ flags, args, output }) {
    const forgot = await connected(flags, ({ manager }) =>
      manager.forget(args.topic, flags.sessions ? { sessions: true } : {}),
    );
    output.answer(
      forgot,
      [`Topic ${args.topic} is forgotten; ${count(forgot.runs.deleted, 'run')} deleted.`, ...remains(forgot)].join(
        '\n',
      ),
    );
  },
});

function remains({ sessions, runs }: Forgot): string[] {
  const kept = sessions.filter(({ deleted }) => !deleted);
  return [
    ...kept.map(
      ({ session_id, agent, host, kept_because: why }) =>
        `Session ${session_id} of ${agent} on ${host} stays${why === undefined ? '' : `: ${why}`}.`,
    ),
    ...(runs.kept.length === 0
      ? []
      : [
          `${count(runs.kept.length, 'run')} stay in Temporal until their retention ends: ${runs.kept_because ?? 'the server did not say why'}.`,
        ]),
  ];
}
