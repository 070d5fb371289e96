import { command } from '../command.js';
import { connected } from '../connect.js';
import { count } from '../words.js';

export default command({
  name: 'close',
  summary: 'Lets a topic finish its queue and end. It stays remembered: the next prompt by its name goes on in its session.',
  flags: { now: { kind: 'switch', help: 'Do not finish: stop the running turn and cancel what is queued.' } },
  args: [{ name: 'topic', required: true }],
  examples: [
    ['continuity close auth', 'once the line of work is done'],
    ['continuity delegate --topic auth "One more thing"', 'opens it again, where it was'],
  ],
  async run({ flags, args, output }) {
    const { remaining } = await connected(flags, ({ manager }) => manager.close(args.topic, flags.now ? { now: true } : {}));
    const after = remaining === 0 ? 'is closed' : flags.now ? 'closes as soon as its running turn has stopped' : `closes after ${count(remaining, 'more prompt')}`;
    output.answer({ topic: args.topic, remaining }, `Topic ${args.topic} ${after}.`);
  },
});
