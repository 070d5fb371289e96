import { command } from '../args/command.js';
import { connected } from '../connect.js';
import { quoted } from '../terminal/words.js';

export default command({
  name: 'retry',
  summary:
    'Tries a turn again now that waits for the limit of its provider, or for its agent: a login, a program, the network.\nThe turn also goes on by itself, at the time that continuity show names.',
  flags: {},
  args: [{ name: 'topic', required: true }],
  examples: [
    ['continuity retry auth', 'after you logged in, or paid for more'],
    [
      'continuity list --waiting --json | jq -r \'.[] | select(.waiting.for == "agent") | .topic\' | xargs -n1 continuity retry',
      'all topics that wait for an agent',
    ],
  ],
  async run({ flags, args, output }) {
    const { topic } = args;
    const retried = await connected(flags, ({ manager }) => manager.retry(topic));
    output.answer(
      { topic, ...retried },
      retried.effect === 'retrying'
        ? `Topic ${topic} tries its turn again.`
        : `Topic ${topic} has no turn to try again. See: continuity show ${quoted(topic)}`,
    );
  },
});
