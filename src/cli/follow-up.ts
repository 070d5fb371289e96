/** `continuity fix` and `continuity also`: follow-ups as people spell them, by topic or by session. */
import type { FollowUpOptions, SessionManager } from '../client/session-manager.js';
import { command, type Command } from './command.js';
import { connected } from './connect.js';
import { readPrompt } from './read-prompt.js';
import { showResult } from './show-result.js';
import { untilEnded } from './waiting.js';

interface FollowUp {
  name: 'fix' | 'also';
  summary: string;
  examples: Command['examples'];
  /** Of what came by stdin: a log can be longer than any prompt. */
  shorten?: (text: string) => string;
}

export function followUp({ name, summary, examples, shorten = (text) => text }: FollowUp): Command {
  return command({
    name,
    summary,
    flags: { id: { kind: 'text', value: 'ID', help: 'Id of the prompt. The same id again attaches to the first: for scripts that retry.' } },
    args: [
      { name: 'topic|session', required: true },
      { name: 'text', required: false },
    ],
    examples,
    async run({ flags, args, output }) {
      const read = await readPrompt(args.text);
      const text = args.text === undefined || args.text === '-' ? shorten(read) : read;
      const options: FollowUpOptions = { ...(flags.id !== undefined && { prompt_id: flags.id }) };
      return connected(flags, async ({ manager }: { manager: SessionManager }) => {
        const result = await untilEnded(output, (waiting) => manager[name](args['topic|session'], text, { ...options, ...waiting }));
        if (result) return showResult(result, output);
        output.note('No longer waiting; what was accepted goes on. See it with: continuity show');
        return 130;
      });
    },
  });
}
