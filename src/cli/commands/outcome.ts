import type { NamedPrompt } from '../../client/outcomes.js';
import type { SessionManager } from '../../client/session-manager.js';
import { toldOf } from '../../client/told.js';
import type { ReplyPage } from '../../contract/answers.js';
import type { PromptState, TurnResult } from '../../contract/types.js';
import { command } from '../args/command.js';
import { UsageError } from '../args/usage-error.js';
import { connected } from '../connect.js';
import { exitOf } from '../terminal/fail.js';
import { LEFT, untilInterrupted } from '../interrupted.js';
import type { Output } from '../terminal/output.js';
import { showResult } from '../terminal/show-result.js';
import { waitingLines } from '../terminal/waiting-text.js';
import { clock, quoted } from '../terminal/words.js';
import { showOutcomes } from '../show-outcomes.js';
import { untilEnded } from '../waiting.js';

export default command({
  name: 'outcome',
  summary:
    'Shows the state of a prompt, or of several.\nPrints queued, running, unknown, or the reply of a prompt that has ended.',
  flags: {
    wait: { kind: 'switch', help: 'Wait until the prompt has ended. Of several: until all have, or one asks.' },
    any: { kind: 'switch', help: 'With --wait and several prompts: until the first of them has ended.' },
    full: { kind: 'switch', help: "Print all that the turn said, from the agent's own store on the session's host." },
    page: { kind: 'count', value: 'N', help: 'Only this page of it. The first one is 1.' },
  },
  args: [
    { name: 'topic', required: true },
    { name: 'prompt_id', required: true },
    { name: 'topic prompt_id', required: false, rest: true },
  ],
  examples: [
    ['continuity outcome auth p-1f0c…', 'its state now'],
    ['continuity outcome auth p-1f0c… --wait', 'waits, then prints the reply'],
    ['continuity outcome auth p-1f0c… billing p-77ab… --wait --any', 'waits until the first of two has ended'],
    ['continuity outcome auth p-1f0c… --full | less', 'all that was said, also what the result has no room for'],
    ['continuity outcome auth p-1f0c… --json | jq -r .state', 'for scripts'],
  ],
  async run({ flags, args, output }) {
    const { topic, prompt_id } = args;
    const { page } = flags;
    const others = args['topic prompt_id'];
    if (others.length > 0) {
      if (flags.full || page !== undefined) throw new UsageError('--full and --page are for one prompt.', HELP);
      if (flags.any && !flags.wait) throw new UsageError('--any says how long to wait, so it needs --wait.', HELP);
      return showOutcomes(pairsOf([topic, prompt_id, ...others]), flags, output);
    }
    if (flags.any) throw new UsageError('--any is for several prompts: TOPIC PROMPT_ID TOPIC PROMPT_ID.', HELP);
    if (page === 0) throw new UsageError('--page counts from 1, got 0.', HELP);
    const showsAll = flags.full === true || page !== undefined;
    const all = (manager: SessionManager) => showAll(manager, topic, prompt_id, page, output);
    if (flags.wait)
      return untilInterrupted((left) =>
        connected(flags, async ({ manager }) => {
          const result = await ended(manager, topic, prompt_id, output, left);
          if (!result) return LEFT;
          if (!showsAll) return showResult(result, output);
          await all(manager);
          if (!result.error) return 0;
          if (!output.json) output.problem(result.error);
          return exitOf(result.error.code);
        }),
      );
    if (showsAll) return connected(flags, ({ manager }) => all(manager));
    return connected(flags, async ({ manager }) => show(await manager.outcome(topic, prompt_id), topic, output));
  },
});

const HELP = 'See: continuity outcome --help';

function pairsOf(words: readonly string[]): NamedPrompt[] {
  if (words.length % 2 === 1)
    throw new UsageError(`Topic ${JSON.stringify(words.at(-1))} has no prompt_id behind it.`, HELP);
  return words.flatMap((topic, at) => (at % 2 === 0 ? [{ topic, prompt_id: words[at + 1]! }] : []));
}

async function showAll(
  manager: SessionManager,
  topic: string,
  promptId: string,
  only: number | undefined,
  output: Output,
): Promise<void> {
  const first = await manager.reply(topic, promptId, only);
  if (only !== undefined && only > first.pages)
    throw new UsageError(
      `--page must be at most ${first.pages}, because prompt ${promptId} has no more; got ${only}.`,
      HELP,
    );
  const parts = [...first.parts];
  if (only === undefined)
    for (let page = 2; page <= first.pages; page++) parts.push(...(await manager.reply(topic, promptId, page)).parts);
  output.answer({ ...first, parts, ...(only === undefined && { page: 1, pages: 1 }) }, textOf(parts));
  if (parts.length === 0) output.note(`Prompt ${promptId} has said nothing so far.`);
  if (only !== undefined && first.pages > 1) output.note(`page ${only} of ${first.pages}`);
}

/** A text that goes on in the next page has the same number there. */
function textOf(parts: ReplyPage['parts']): string {
  return parts.map(({ part, text }, at) => (at === 0 || parts[at - 1]?.part === part ? text : `\n\n${text}`)).join('');
}

/** Nothing when a person no longer waits. */
async function ended(
  manager: SessionManager,
  topic: string,
  promptId: string,
  output: Output,
  left: AbortSignal,
): Promise<TurnResult | undefined> {
  const result = await untilEnded({ output, signal: left, manager }, (waiting) =>
    manager.wait(topic, promptId, waiting),
  );
  if (result) return result;
  if (output.json) output.answer(await manager.outcome(topic, promptId).catch(toldOf), '');
  output.note('No longer waiting. The prompt goes on.');
  return undefined;
}

/** The exit code of TOPIC_UNKNOWN and SESSION_UNKNOWN. */
const UNKNOWN = 3;

function show(prompt: PromptState, topic: string, output: Output): number {
  if (output.json) {
    output.answer(prompt, '');
    if (prompt.state === 'unknown') return UNKNOWN;
    const error =
      prompt.state === 'refused' ? prompt.error : prompt.state === 'ended' ? prompt.outcome?.error : undefined;
    return error ? exitOf(error.code) : 0;
  }
  switch (prompt.state) {
    case 'queued':
      output.answer(
        prompt,
        prompt.runs_by === undefined
          ? `queued at position ${prompt.position}`
          : `queued until the session is warm, at latest ${clock(prompt.runs_by, Date.now())}`,
      );
      return 0;
    case 'running':
      output.answer(prompt, runningText(prompt, topic));
      return 0;
    case 'ended':
      if (prompt.outcome) return showResult(prompt.outcome, output);
      output.answer(prompt, "ended; the topic no longer remembers its outcome, but the agent's session has it");
      return 0;
    case 'refused':
      output.problem(prompt.error);
      return exitOf(prompt.error.code);
    case 'unknown':
      output.note(`Topic ${topic} knows no prompt ${prompt.prompt_id}. See: continuity show ${quoted(topic)}`, 'red');
      return UNKNOWN;
  }
}

function runningText(
  { turn, started_at, session_id, waiting }: PromptState & { state: 'running' },
  topic: string,
): string {
  const head = `running as turn ${turn} since ${started_at}${session_id ? ` in session ${session_id}` : ''}`;
  return [waiting ? `${head}, and waits` : head, ...(waiting ? waitingLines(topic, waiting, Date.now()) : [])].join(
    '\n',
  );
}
