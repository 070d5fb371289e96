/**
 * The one failure table: code → retryable, exit code, fix. Only the code crosses a process, never
 * the class. Anyone may import this; it imports nothing. `docs/failures.md` has a heading for each
 * code.
 */

interface FailureRow {
  /** Whether the same call can succeed later without anyone changing anything. */
  readonly retryable: boolean;
  /** Exit code of the `continuity` command. */
  readonly exit: number;
  /** The next step, in the reader's words. */
  readonly fix: string;
}

const row = (retryable: boolean, exit: number, fix: string): FailureRow => ({ retryable, exit, fix });

export const FAILURES = {
  // 2: the request is malformed
  INVALID_PROMPT: row(false, 2, 'Correct the field that the message names and send it again.'),
  PROMPT_TOO_LARGE: row(false, 2, 'Write the long part to a file and name the file in the prompt.'),
  INVALID_ANSWER: row(false, 2, 'Answer with one of the decisions that the message names.'),
  CATEGORY_UNKNOWN: row(false, 2, 'Use one of the categories that the message lists, or add it to continuity.config.'),
  AGENT_UNKNOWN: row(false, 2, 'Use one of the agents that the message lists, or add it to continuity.config.'),
  CONFIG_INVALID: row(false, 2, 'Correct the field that the message names in the config file.'),
  CONFIG_DIFFERS: row(
    false,
    2,
    'Give the caller and the worker the same CONTINUITY_CONFIG, HOME and XDG_CONFIG_HOME. Or move the keys that differ into the config file of the directory, which both read.',
  ),
  CONFIG_UNSAFE: row(false, 2, 'Run the command that the message names, once you have read the file.'),
  CONFIG_UNTRUSTED: row(false, 2, 'Read the file. If you want what it says: continuity trust'),
  CWD_MISSING: row(false, 2, 'Create the working directory, or name another with --cwd.'),

  // 3: the request is understood, and refused because of what exists
  QUEUE_FULL: row(true, 3, 'Wait for queued prompts to end, or cancel some, then send it again.'),
  TOPIC_CLOSED: row(true, 3, 'Wait until the topic has ended and send it again, or use another topic.'),
  TOPIC_UNKNOWN: row(false, 3, 'See which topics exist: continuity list'),
  TOPIC_ELSEWHERE: row(false, 3, 'Use another topic name, or delegate from the project that the topic belongs to.'),
  PROMPT_ID_REUSED: row(false, 3, 'Give a new prompt a new prompt_id, or leave it out.'),
  SESSION_UNKNOWN: row(
    false,
    3,
    'Check the session id, or name the topic instead: continuity list. One that you began in the agent itself is taken over with --adopt (adopt: true); continuity sessions lists them.',
  ),
  SESSION_PINNED: row(
    false,
    3,
    'Leave out what differs from the session, or open a new session on the topic with --new (session: "new").',
  ),
  ASK_UNKNOWN: row(false, 3, 'See what is asked now: continuity show, or continuity list --waiting.'),
  WORKSPACE_UNAVAILABLE: row(false, 3, 'Leave out the workspace, or use another directory or topic.'),
  WORKSPACE_BUSY: row(true, 3, 'Wait until the topic is idle, or cancel its prompts: continuity show'),
  WORKSPACE_UNFINISHED: row(
    false,
    3,
    'Commit what is in the work tree, with continuity merge --commit or by hand. Or give it up: continuity discard --force.',
  ),
  MERGE_CONFLICT: row(
    false,
    3,
    'Ask the topic to merge the branch that the message names into its own branch. Then merge again.',
  ),
  CHECK_NOT_ALLOWED: row(
    false,
    3,
    'List the command in continuity.config (checks.allow) on the host of the session, or leave the check out.',
  ),

  // 4: the session
  SESSION_LOST: row(
    false,
    4,
    'Restore the store of the agent. Or send the prompt to the topic with --on-lost replace (on_lost: "replace"): it opens a new session with a brief of what was done.',
  ),
  SESSION_CORRUPTED: row(
    false,
    4,
    'Send the prompt to the topic with --on-lost replace (on_lost: "replace"): it opens a new session with a brief of what was done.',
  ),

  // 5: the agent or its model
  AGENT_NOT_FOUND: row(false, 5, 'Install the agent, or name its program in continuity.config (agents.<name>.path).'),
  AGENT_UNSUPPORTED: row(false, 5, 'Install the version that the message names.'),
  AGENT_CRASHED: row(true, 5, 'Look at the log of the agent (continuity doctor names it), then send a follow-up.'),
  AGENT_AUTH: row(false, 5, 'Log in with the agent itself (for OpenCode: opencode auth login), then send a follow-up.'),
  AGENT_RATE_LIMITED: row(true, 5, 'Wait until the provider takes requests again, then send a follow-up.'),
  PROVIDER_UNREACHABLE: row(
    true,
    5,
    "Check the network, a proxy (HTTPS_PROXY) and the provider's address in the agent's own config, then send a follow-up.",
  ),
  MODEL_FAILED: row(true, 5, 'Read what the provider said and check the name of the model, then send a follow-up.'),
  MODEL_UNKNOWN: row(
    false,
    5,
    'Name another model with --model (model): the session goes on with it. Or list fallbackModels in continuity.config.',
  ),
  CONTEXT_OVERFLOW: row(false, 5, 'Open a new session on the topic with --new (session: "new").'),
  REPLY_CUT_OFF: row(true, 5, 'Send a follow-up to the same session, such as: Go on.'),
  EMPTY_REPLY: row(true, 5, 'Send a follow-up to the same session, such as: Go on.'),
  OUTCOME_UNKNOWN: row(false, 5, 'Open the session in the agent and see how far the turn came, then send a follow-up.'),
  CHECKS_FAILED: row(false, 5, 'Read the output of the check (checks, in the result), then send a follow-up.'),

  // 6: the turn took too long, or used too much
  TURN_STALLED: row(true, 6, 'Send a follow-up to the same session, or raise limits.stallTimeout.'),
  BUDGET_EXCEEDED: row(
    false,
    6,
    'Read what it has done so far (reply), then send a follow-up with a higher limit, or raise the one that the message names in continuity.config.',
  ),
  COLD_SESSION: row(
    false,
    6,
    'Send the prompt again with --on-cold continue (on_cold), or open a new session with --new. The old session is unchanged.',
  ),
  TURN_TIMED_OUT: row(true, 6, 'Send a follow-up to the same session, or raise limits.turnTimeout.'),

  // 7: the host, Temporal or the worker
  HOST_UNAVAILABLE: row(true, 7, 'Start a worker on the host that the message names: continuity worker'),
  TEMPORAL_UNAVAILABLE: row(true, 7, 'Start it with: continuity up, or set TEMPORAL_ADDRESS.'),
  NO_WORKER: row(true, 7, 'Start one with: continuity worker. The prompt is kept, and that worker will answer it.'),
  TOPIC_STUCK: row(
    true,
    7,
    'Read the log of the worker and run: continuity doctor. The topic keeps its prompts and goes on once it can.',
  ),
  SETUP_INCOMPLETE: row(false, 7, 'Run the command that the message names.'),
  DATA_DIR_LOCKED: row(
    true,
    7,
    'Stop the other worker, wait for it to end with --standby, or use another directory with --data-dir.',
  ),
  DATA_DIR_UNSAFE: row(false, 7, 'Run the chmod that the message names, or use another directory with --data-dir.'),
  DATA_DIR_UNWRITABLE: row(false, 7, 'Make it writable, or use another directory with --data-dir.'),

  // 130: the exit code that a shell reports after Ctrl-C
  CANCELLED: row(false, 130, 'Send a follow-up to the same session to go on.'),

  // 1: a defect of ours
  INTERNAL: row(false, 1, 'Please report it, with the output of: continuity doctor --json'),
} as const satisfies Record<string, FailureRow>;

export type FailureCode = keyof typeof FAILURES;

/** A failure as results, refusals and `--json` output carry it. */
export interface Failure {
  code: FailureCode;
  /** What happened, and to which thing. */
  message: string;
  /** What to do. */
  fix: string;
}

export function failure(code: FailureCode, message: string, fix: string = FAILURES[code].fix): Failure {
  return { code, message, fix };
}

/**
 * The base class of every error that we throw on purpose. The command and the MCP server show its
 * `failure`. Any other error that reaches them is a defect of ours, `INTERNAL`.
 */
export class Failed<What extends { code: string; message: string; fix: string } = Failure> extends Error {
  override readonly name: string = 'Failed';

  constructor(
    readonly failure: What,
    options?: ErrorOptions,
  ) {
    super(failure.message, options);
  }

  get code(): What['code'] {
    return this.failure.code;
  }
}

export function failed(code: FailureCode, message: string, fix?: string, options?: ErrorOptions): Failed {
  return new Failed(failure(code, message, fix), options);
}

/**
 * Whether this release knows the code. A newer worker may send one that it does not know; such a
 * failure is shown all the same.
 */
export function isFailureCode(code: unknown): code is FailureCode {
  return typeof code === 'string' && Object.hasOwn(FAILURES, code);
}
