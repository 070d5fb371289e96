/**
 * Decides what to do next about a prompt: a pure function from what was seen to one deed.
 * `docs/proof.md` says what is proved of it.
 */
import type { AgentCapabilities } from '../agent.js';
import type { Sight } from '../driver.js';

export type Deed =
  /** The turn has ended. Report its outcome. */
  | 'harvest'
  /** The turn was cancelled. Report that, and never resume it. */
  | 'report_cancelled'
  /** How the turn ended cannot be known. Putting the prompt in again could run it twice. */
  | 'report_unknown'
  /** Nothing moves although everything was tried. */
  | 'report_stuck'
  /** Something works in the session. */
  | 'wait'
  /** The session may be between two states. Look again before doing anything. */
  | 'look_again'
  /** Stop the turn that works in the session. */
  | 'abort'
  /** Put the prompt in. */
  | 'put'
  /**
   * The prompt is in the session and nothing works on it. Continue its turn without putting it in
   * again.
   */
  | 'go_on';

export interface Seen {
  sight: Pick<Sight, 'prompt' | 'superseded' | 'busy' | 'steps'> & { end?: unknown };
  /** The look before saw exactly the same, and was long enough ago. */
  settled: boolean;
  /** The cancellation of the prompt is noted on disk. */
  cancelled: boolean;
  /** An attempt before this one may have put the prompt in. */
  noted: boolean;
  /**
   * How often this attempt has put the prompt in or continued its turn since the agent's program
   * was last replaced.
   */
  puts: number;
  /** The agent gave the turn up after that. Another try is of no use. */
  gaveUp: boolean;
  maxPuts: number;
  /** A turn with more steps is stopped. */
  maxSteps: number;
  capabilities: Pick<AgentCapabilities, 'promptIds' | 'repeatablePut'>;
}

export function decide({
  sight,
  settled,
  cancelled,
  noted,
  puts,
  gaveUp,
  maxPuts,
  maxSteps,
  capabilities,
}: Seen): Deed {
  const { end, superseded, busy } = sight;
  const present = sight.prompt === 'present';
  const runaway = sight.steps > maxSteps;
  if (end !== undefined && (!busy || superseded)) return cancelled ? 'report_cancelled' : 'harvest';
  if (cancelled) return decideOnCancelled(sight, settled, puts > 0 || noted);
  if (busy === 'this') return runaway ? 'abort' : 'wait';
  if (busy) return busy === 'ours' && !present && puts === 0 ? 'abort' : 'wait';
  if (!present && puts === 0) {
    if (!noted || capabilities.repeatablePut) return 'put';
    if (!settled) return 'look_again'; // The request of a dead attempt may still be carried out.
    return capabilities.promptIds ? 'put' : 'report_unknown';
  }
  if (!settled) return 'look_again';
  if (superseded || !capabilities.promptIds) return 'report_unknown';
  if (puts >= maxPuts || gaveUp || runaway) return 'report_stuck';
  return present ? 'go_on' : 'put';
}

/** `sent`: the prompt was put in, and the agent may be about to store it. */
function decideOnCancelled({ prompt, superseded, busy }: Seen['sight'], settled: boolean, sent: boolean): Deed {
  const present = prompt === 'present';
  if (busy && busy !== 'theirs' && (present || sent)) return 'abort';
  if (superseded || (busy && !present && !sent)) return 'report_cancelled';
  if (busy) return 'wait';
  return settled ? 'report_cancelled' : 'look_again';
}
