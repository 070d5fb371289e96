import { command } from '../args/command.js';
import { connected } from '../connect.js';
import { LEFT, untilInterrupted } from '../interrupted.js';
import { WatchPrinter } from '../terminal/watch-printer.js';

export default command({
  name: 'watch',
  summary:
    "Follows a topic live until Ctrl-C.\nPrints the agent's text and tools, the queue and the outcomes. Watching changes nothing.",
  flags: {},
  args: [{ name: 'topic', required: true }],
  examples: [
    ['continuity watch auth', 'for people'],
    ['continuity watch auth --json | jq .', 'one JSON document per line: {"type":"view",…} or {"type":"progress",…}'],
  ],
  async run({ flags, args, output }) {
    return untilInterrupted((left) =>
      connected(flags, async ({ manager }) => {
        const printer = new WatchPrinter(output);
        for await (const event of manager.watch(args.topic, left)) {
          if (output.json) output.answer(event, '');
          else printer.print(event);
        }
        printer.end();
        return left.aborted ? LEFT : 0;
      }),
    );
  },
});
