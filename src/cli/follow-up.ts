/** The commands `continuity fix` and `continuity also`: follow-ups to a topic or a session. */
import type { FollowUpOptions } from '../client/manager-options.js';
import { newPromptId } from '../client/new-prompt-id.js';
import { command, type Command } from './args/command.js';
import { connected } from './connect.js';
import { untilInterrupted } from './interrupted.js';
import { readPrompt } from './args/read-prompt.js';
import { sendAndWait } from './waiting.js';

/** In bytes. A log is read whole, and an excerpt of it is sent. */
const LONGEST_LOG = 64 * 1024 * 1024;

interface FollowUp {
  name: 'fix' | 'also';
  summary: string;
  examples: Command['examples'];
  /** Shortens the text from stdin, because a log can be longer than any prompt. */
  shorten?: (text: string) => string;
}

export function followUp({ name, summary, examples, shorten }: FollowUp): Command {
  return command({
    name,
    summary,
    flags: {
      id: {
        kind: 'text',
        value: 'ID',
        help: 'Id of the prompt. A second call with the same ID waits for the first prompt. For scripts that retry.',
      },
    },
    args: [
      { name: 'topic|session', required: true },
      { name: 'text', required: false },
    ],
    examples,
    async run({ flags, args, output }) {
      const read = await readPrompt(args.text, { command: name, ...(shorten && { most: LONGEST_LOG }) });
      const text = args.text === undefined || args.text === '-' ? (shorten?.(read) ?? read) : read;
      const prompt_id = flags.id ?? newPromptId();
      const options: FollowUpOptions = { prompt_id };
      return untilInterrupted((left) =>
        connected(flags, ({ manager }) =>
          sendAndWait({ output, signal: left, manager }, prompt_id, (waiting) =>
            manager[name](args['topic|session'], text, { ...options, ...waiting }),
          ),
        ),
      );
    },
  });
}
