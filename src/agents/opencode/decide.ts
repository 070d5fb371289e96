/** What to do next about a prompt: one pure function from what was seen to one deed. */
import type { TurnState } from './turn-state.js';

export type Deed =
  /** The turn is over: report it. */
  | 'harvest'
  /** It was cancelled: report that, never resume. */
  | 'report_cancelled'
  /** A later prompt overtook it and its end can't be known. */
  | 'report_unknown'
  /** Nothing moves although everything was tried. */
  | 'report_stuck'
  /** Somebody is at work. */
  | 'wait'
  /** Might be a moment between two states: look again before doing anything. */
  | 'look_again'
  /** Stop what runs. */
  | 'abort'
  /** The same POST for the first time and for every later one: OpenCode keeps one message for one id. */
  | 'post_prompt'
  /** The agent compacted in mid-turn: go on from its own message. */
  | 'post_continuation';

export interface Seen {
  turn: TurnState;
  idle: boolean;
  /** Whose turn runs if not idle: the last real prompt's. */
  runs: 'this' | 'ours' | 'theirs';
  /** Whether a person's turn may run although this server knows nothing of it. */
  elsewhere: boolean;
  /** Whether the look before, long enough ago and at the same server, saw the very same. */
  unchanged: boolean;
  /** Whether it was cancelled durably. */
  cancelled: boolean;
  /** Posts since this server started. */
  posts: number;
  /** The server said that it cannot: there is no use in posting again. */
  refused: boolean;
  maxSteps: number;
}

const MAX_POSTS = 4;

export function decide({ turn, idle, runs, elsewhere, unchanged, cancelled, posts, refused, maxSteps }: Seen): Deed {
  const runaway = turn.answers.length > maxSteps;
  if (turn.ended && (idle || turn.superseded)) return cancelled ? 'report_cancelled' : 'harvest';
  if (cancelled) {
    if (!idle && runs !== 'theirs' && (turn.present || posts > 0)) return 'abort';
    if (turn.superseded || (!idle && !turn.present)) return 'report_cancelled';
    if (!idle) return 'wait';
    return unchanged ? 'report_cancelled' : 'look_again';
  }
  if (!idle) {
    if (runs === 'this') return runaway ? 'abort' : 'wait';
    return runs === 'ours' && !turn.present && posts === 0 ? 'abort' : 'wait';
  }
  // Not in the session and not posted by this attempt: posting what a dead attempt may have posted a moment ago is harmless.
  if (!turn.present && posts === 0) return elsewhere ? 'wait' : 'post_prompt';
  if (!unchanged) return 'look_again';
  if (turn.superseded) return 'report_unknown';
  if (posts >= MAX_POSTS || refused || runaway) return 'report_stuck';
  return turn.answering === turn.promptMessage ? 'post_prompt' : 'post_continuation';
}
