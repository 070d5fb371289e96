/** What a turn said, and what of it is the reply: pure, and the same for all agents. */

/**
 * A text of the agent, or what divides two of them: a call of a tool, its result, or a crash after
 * which the agent went on.
 */
export type Step = { text: string } | 'divided';

export interface Reply {
  /** The answer as a reader would want it. Empty when the turn said nothing. */
  reply: string;
  /** All texts of the turn, oldest first, as they were divided. */
  reply_parts: string[];
}

/** `steps`: of one turn, oldest first. */
export function replyOf(steps: readonly Step[]): Reply {
  const texts: string[][] = [[]];
  for (const step of steps) {
    if (step === 'divided') texts.push([]);
    else if (step.text.trim() !== '') texts.at(-1)?.push(step.text.trim());
  }
  const reply_parts = texts.flatMap((part) => (part.length === 0 ? [] : [part.join('\n\n')]));
  return { reply: replyIn(reply_parts), reply_parts };
}

/** `last`: the steps after the agent was told of its background. If they say nothing, all count. */
export function replyAfter(steps: readonly Step[], last: readonly Step[]): Reply {
  const whole = replyOf(steps);
  return { ...whole, reply: replyOf(last).reply || whole.reply };
}

/**
 * The last text, which can come before the last tool. If it is only a sign-off, the longest text
 * before it: agents write the report first, then a file, and then "Done."
 */
function replyIn(parts: readonly string[]): string {
  const last = parts.at(-1) ?? '';
  const longest = parts.reduce((most, part) => (part.length > most.length ? part : most), '');
  return isSignOff(last, longest) ? longest : last;
}

/** No words are compared: an agent writes in any language. Lengths are in characters. */
const LONGEST_SIGN_OFF = 200;
const SHORTEST_REPORT = 300;
const TIMES_AS_LONG = 4;

function isSignOff(last: string, longest: string): boolean {
  return (
    last.length <= LONGEST_SIGN_OFF &&
    longest.length >= SHORTEST_REPORT &&
    longest.length >= TIMES_AS_LONG * last.length
  );
}
