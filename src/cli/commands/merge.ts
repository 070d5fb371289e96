import { command } from '../args/command.js';
import { defined } from '../../contract/defined.js';
import { connected } from '../connect.js';
import { unlessStopped } from '../interrupted.js';
import { count } from '../terminal/words.js';

export default command({
  name: 'merge',
  summary:
    'Merges the git work tree of a topic into the branch of the directory that it was made from, and removes the work tree.\nA merge that conflicts is undone, and prints the files. The topic keeps its session: its next prompt gets a new work tree.',
  flags: {
    commit: {
      kind: 'optional',
      value: 'message',
      help: 'First commit what is not committed in the work tree.',
    },
  },
  args: [{ name: 'topic', required: true }],
  examples: [
    [
      'continuity delegate --topic auth --workspace worktree "Add a login endpoint"',
      'the work is on a branch of its own',
    ],
    ['continuity merge auth', 'refused while something is not committed'],
    ['continuity merge auth --commit="Add a login endpoint"', 'commits that first'],
  ],
  async run({ flags, args, output }) {
    const { commit } = flags;
    const message = commit === true ? `Work of topic ${args.topic}` : commit;
    const stopped = 'Stopped. A merge that was not finished is undone. The same command goes on from here.';
    return unlessStopped(output, stopped, async (signal) => {
      const merged = await connected(flags, ({ manager }) =>
        manager.workspaces.merge(args.topic, { signal, ...defined({ commit: message }) }),
      );
      const { branch, into, from, commits, directory } = merged;
      output.answer(
        merged,
        `Merged ${count(commits, 'commit')} of ${branch} into ${into} in ${from}. ${directory} is removed.`,
      );
    });
  },
});
