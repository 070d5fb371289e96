/** The options of `SessionManager`. */
import type { Config } from '../config.js';
import type { Waiting } from '../contract/asks.js';
import type { Accepted } from '../contract/types.js';
import type { ConnectionEvent } from './connection-watch.js';
import type { ConnectOptions } from './connect.js';
import type { PromptOptions } from './prompt-of.js';
import type { Progress } from './watch-progress.js';
import type { TopicEvent } from './watch-topic.js';

export interface ManagerOptions extends ConnectOptions {
  /**
   * The caller's directory. It decides the config, the project, and where sessions are opened.
   * Default: the working directory of the process.
   */
  cwd?: string;
  config?: Config;
  /**
   * How long a call waits while no worker polls. Then: NO_WORKER. Default: `limits.noWorkerAfter`
   * of the config, 30 s.
   */
  noWorkerAfterMs?: number;
  /**
   * Whether checks are signed with the key of the data directory. The worker of that directory runs
   * any signed command. Default: true. Set it to false when you forward other people's requests, as
   * the MCP server does. Then only commands in `checks.allow` run.
   */
  signsChecks?: boolean;
}

export interface DelegateOptions extends PromptOptions {
  /** Stops waiting. The turn goes on; `cancel` stops it. */
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
  /** Called with the events of `watch`, until the outcome is known. */
  onEvent?: (event: TopicEvent) => void;
  /** Called when Temporal stops answering, and when it answers again. */
  onConnection?: (event: ConnectionEvent) => void;
  /**
   * Called when the turn begins to wait for an answer, a quota or its agent, and with `undefined`
   * when it goes on. `answer` and `retry` end such a wait.
   */
  onWaiting?: (waiting: Waiting | undefined) => void;
  /** Called once, as soon as the prompt is known to be in the topic's history. */
  onAccepted?: (accepted: Accepted) => void;
}

export type WaitOptions = Pick<DelegateOptions, 'signal' | 'onProgress' | 'onEvent' | 'onConnection' | 'onWaiting'>;

/** A follow-up goes to an existing session, whose settings are chosen already. */
export type FollowUpOptions = WaitOptions & Pick<DelegateOptions, 'prompt_id' | 'onAccepted'>;
