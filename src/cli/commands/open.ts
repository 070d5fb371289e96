import { command } from '../args/command.js';
import { connected } from '../connect.js';
import { namedSession } from '../named-session.js';
import { UsageError } from '../args/usage-error.js';

export default command({
  name: 'open',
  summary:
    "Opens a session in the agent's own interface, in this terminal. Your turns there become part of the session.\nPrompts for the session wait until you are done.",
  flags: {},
  args: [{ name: 'topic|session', required: true }],
  examples: [
    ['continuity open auth', "the topic's current session"],
    ['continuity open ses_…', 'this session'],
    ['continuity open auth --json', 'prints which program it would run'],
  ],
  async run({ flags, args, output }) {
    if (!output.json && !(process.stdin.isTTY && process.stdout.isTTY)) {
      throw new UsageError(
        'continuity open needs a terminal.',
        'To read the conversation: continuity transcript. To see which program it would run: --json',
      );
    }
    const { session, dataDir } = await connected(flags, async ({ manager, config }) => ({
      session: await namedSession(manager, args['topic|session']),
      dataDir: config.dataDir,
    }));
    const { askAgents } = await import('../../stack/ask-agents.js');
    const { program, args: words, cwd, env } = await askAgents('interface', dataDir, session);
    if (output.json) return output.answer({ session_id: session.session_id, program, args: words, cwd }, ''); // Without `env`, which has the password.
    const { execa } = await import('execa');
    const left = await execa(program, words, { cwd, env, stdio: 'inherit', reject: false });
    if (left.exitCode === undefined) output.note(`${program} ended: ${left.shortMessage ?? 'the reason is unknown'}`);
    return left.exitCode ?? 1;
  },
});
