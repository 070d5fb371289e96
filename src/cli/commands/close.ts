import { command } from '../args/command.js';
import { connected } from '../connect.js';
import { count } from '../terminal/words.js';

export default command({
  name: 'close',
  summary:
    'Lets a topic finish its queue and end. The next prompt to its name reopens it and continues its session.\nPrints how many prompts remain.',
  flags: { now: { kind: 'switch', help: 'Stop the running turn and cancel the queue.' } },
  args: [{ name: 'topic', required: true }],
  examples: [
    ['continuity close auth', 'when the work is done'],
    ['continuity delegate --topic auth "One more thing"', 'reopens the topic in its session'],
  ],
  async run({ flags, args, output }) {
    const { remaining } = await connected(flags, ({ manager }) =>
      manager.close(args.topic, flags.now ? { now: true } : {}),
    );
    const after =
      remaining === 0
        ? 'is closed'
        : flags.now
          ? 'closes as soon as its running turn has stopped'
          : `closes after ${count(remaining, 'more prompt')}`;
    output.answer({ topic: args.topic, remaining }, `Topic ${args.topic} ${after}.`);
  },
});
