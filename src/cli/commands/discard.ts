import { command } from '../args/command.js';
import { connected } from '../connect.js';
import { unlessStopped } from '../interrupted.js';

export default command({
  name: 'discard',
  summary:
    'Removes the git work tree of a topic and its branch. Refuses to remove work that is not merged.\nWith --force the work is kept under a ref of the repository, and the command prints how to get it back.',
  flags: {
    force: { kind: 'switch', help: 'Also when it has work: commits, changes and new files that git does not ignore.' },
  },
  args: [{ name: 'topic', required: true }],
  examples: [
    ['continuity discard auth', 'when nothing was done in it'],
    ['continuity discard auth --force', 'prints the ref that keeps its work'],
  ],
  async run({ flags, args, output }) {
    const stopped = 'Stopped. What is left of the work tree goes with the same command.';
    return unlessStopped(output, stopped, async (signal) => {
      const discarded = await connected(flags, ({ manager }) =>
        manager.workspaces.discard(args.topic, { signal, force: flags.force === true }),
      );
      const { directory, branch, kept_as, get_back } = discarded;
      const kept =
        kept_as === undefined ? 'It had no work.' : `Its work is kept as ${kept_as}. To get it back: ${get_back}`;
      output.answer(discarded, `${directory} and branch ${branch} are removed. ${kept}`);
    });
  },
});
