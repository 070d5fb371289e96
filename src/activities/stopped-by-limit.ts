/** Why a turn that exceeded a limit was stopped, in words. */
import type { Limits } from '../config.js';
import { failure, type Failure } from '../contract/failures.js';
import type { TurnClock } from './turn-clock.js';
import type { RunTurnInput } from './types.js';

/**
 * If the provider's last answer was a refusal, that refusal is the reason, whichever limit the
 * waiting exceeded.
 */
export function stoppedBy(
  limit: 'TURN_TIMED_OUT' | 'TURN_STALLED',
  clock: TurnClock,
  limits: Limits,
  { turn, topic }: Pick<RunTurnInput, 'turn' | 'topic'>,
): Failure {
  const [what, fix] = limit === 'TURN_STALLED' ? silenceOf(clock, limits) : [`worked for ${seconds(clock.workedMs())}`];
  const message = `Turn ${turn} of topic ${topic} ${what} and was stopped.${lastSeen(clock)}`;
  if (clock.refused) return { ...clock.refused, message: `${clock.refused.message} ${message}` };
  return failure(limit, message, fix);
}

function silenceOf({ silence }: TurnClock, { toolTimeoutMs }: Limits): [what: string, fix?: string] {
  const ms = silence.ms(toolTimeoutMs);
  const since = new Date(Date.now() - ms).toISOString();
  const what = `showed no progress for ${seconds(ms)} (since ${since})`;
  const tool = silence.tooLong(toolTimeoutMs);
  if (!tool) return [what];
  const whose = tool.isOwn ? 'which its agent has put on it' : 'limits.toolTimeout';
  return [
    `${what} while a tool ran for ${seconds(tool.ranMs)}, longer than its limit of ${seconds(tool.limitMs)} (${whose}): ${tool.step.slice(0, 200)},`,
    'Send a follow-up to the same session. For tools that take longer, raise limits.toolTimeout or limits.stallTimeout.',
  ];
}

/** Text, reasoning, tools and sub-agents are all shown as steps. */
const lastSeen = ({ step }: TurnClock) => (step === undefined ? '' : ` The last that it was seen to do: ${step}`);

const seconds = (ms: number) => `${Math.round(ms / 1000)} s`;
