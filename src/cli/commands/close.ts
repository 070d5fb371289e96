import type { Closed } from '../../contract/answers.js';
import { command } from '../args/command.js';
import { connected } from '../connect.js';
import { count, quoted } from '../terminal/words.js';

export default command({
  name: 'close',
  summary:
    'Lets a topic finish its queue and end. The next prompt to its name reopens it and continues its session.\nPrints how many prompts remain, and which sessions were archived.',
  flags: {
    now: { kind: 'switch', help: 'Stop the running turn and cancel the queue.' },
    archive: {
      kind: 'switch',
      help: 'Also take its sessions out of the lists of the agents that have an archive: OpenCode and Codex.',
    },
  },
  args: [{ name: 'topic', required: true }],
  examples: [
    ['continuity close auth', 'when the work is done'],
    ['continuity close auth --archive', 'its conversations leave the lists of the agents, and nothing is deleted'],
    ['continuity delegate --topic auth "One more thing"', 'reopens the topic in its session'],
  ],
  async run({ flags, args, output }) {
    const request = { ...(flags.now && { now: true }), ...(flags.archive && { archive: true }) };
    const { remaining, sessions } = await connected(flags, ({ manager }) => manager.close(args.topic, request));
    const after =
      remaining === 0
        ? 'is closed'
        : flags.now
          ? 'closes as soon as its running turn has stopped'
          : `closes after ${count(remaining, 'more prompt')}`;
    const archived = flags.archive ? archivedLines(args.topic, sessions) : [];
    output.answer(
      { topic: args.topic, remaining, ...(sessions && { sessions }) },
      [`Topic ${args.topic} ${after}.`, ...archived].join('\n'),
    );
  },
});

function archivedLines(topic: string, sessions: Closed['sessions']): string[] {
  if (!sessions) return [`What became of its sessions is shown once it has closed: continuity show ${quoted(topic)}`];
  return sessions.map(
    ({ session_id, agent, host, archived, kept_because: why }) =>
      `Session ${session_id} of ${agent} on ${host} ${archived ? 'is archived' : `is not archived: ${why ?? 'its host did not say why'}`}.`,
  );
}
