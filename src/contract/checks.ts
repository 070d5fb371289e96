/**
 * The checks of a prompt and their results, as they go over the wire. Anyone may import this; it
 * imports only ids and other types.
 */
import type { PromptId } from './ids.js';
import type { TurnStatus, Usage } from './types.js';

/** A command whose exit code says whether the work is good: 0 is good. */
export interface Check {
  /** A shell command, e.g. `npm test`. */
  run: string;
  /** e.g. `10m`, or milliseconds; from 1 second to 24 hours. Default: 10 minutes. */
  timeout?: string | number;
}

/** How one command of a check round ended. */
export interface CheckRun {
  run: string;
  passed: boolean;
  /** null when the command did not end by itself. */
  exit_code: number | null;
  /** Why the command did not start, or did not end by itself. */
  stopped?: string;
  /**
   * The part of the output that explains the failure, at most 8 KiB. Only for the failed command of
   * the last round.
   */
  output?: string;
  /** Bytes of the whole output, stdout and stderr. */
  output_bytes: number;
  /** How many processes the command left running. They were ended. */
  left_behind?: number;
  duration_ms: number;
}

/** A turn and the checks that ran after it. */
export interface CheckRound {
  turn: number;
  /** The caller's id in the first round. Each fix has an id of its own. */
  prompt_id: PromptId;
  status: TurnStatus;
  duration_ms: number;
  usage?: Usage;
  /** Every check up to the first failed one. Empty when the turn itself did not complete. */
  ran: CheckRun[];
}

/** How the check loop of a prompt went. */
export interface Checks {
  passed: boolean;
  max_fixes: number;
  /** Oldest first. */
  rounds: CheckRound[];
}
