/** The one call that orchestrating agents know: hand work over, follow up by `session_id`. */
import type { TurnResult } from '../contract/types.js';
import type { DelegateOptions } from './session-manager.js';
import { SessionManager } from './session-manager.js';
import { sessionError } from './session-error.js';

export interface DelegateTaskInput extends DelegateOptions {
  prompt: string;
  /** Default: the session's topic, or for a new session a topic of its own. */
  topic?: string;
  /** Alias of `session_id`. */
  task_id?: string | null;
  /** Alias of `agent`. */
  subagent_type?: string;
}

let shared: Promise<SessionManager> | undefined;
let calls = 0;

/**
 * Runs the prompt in the session that is named, or in a new one, and answers with its outcome.
 * The connection is shared by calls that overlap and let go with the last, so that a script ends by itself.
 *
 * @throws SessionError for refusals; a failed or cancelled turn is a result
 */
export async function delegate_task(input: DelegateTaskInput): Promise<TurnResult> {
  calls += 1;
  try {
    shared ??= SessionManager.connect();
    return await delegateTask(await shared, input);
  } finally {
    calls -= 1;
    if (calls === 0) {
      const idle = shared;
      shared = undefined;
      await idle?.then((manager) => manager.disconnect()).catch(() => undefined); // It could not connect: the call has thrown that.
    }
  }
}

/** The same with a manager of the caller's own. */
export async function delegateTask(manager: SessionManager, input: DelegateTaskInput): Promise<TurnResult> {
  const { prompt, topic, task_id, subagent_type, ...options } = input;
  const session_id = sameOf('session_id', options.session_id, 'task_id', task_id);
  const agent = sameOf('agent', options.agent, 'subagent_type', subagent_type);
  return manager.delegate(topic, prompt, {
    ...options,
    ...(session_id !== undefined && { session_id }),
    ...(agent !== undefined && { agent }),
  });
}

function sameOf<T extends string | null>(name: string, value: T | undefined, alias: string, other: T | undefined): T | undefined {
  if (value !== undefined && other !== undefined && value !== other) {
    throw sessionError('INVALID_PROMPT', `Fields "${name}" and its alias "${alias}" must agree; got ${JSON.stringify(value)} and ${JSON.stringify(other)}.`);
  }
  return value ?? other;
}
