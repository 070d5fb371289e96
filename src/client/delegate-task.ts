/**
 * The one call that orchestrating agents know. It delegates work, and follows up by `session_id`.
 */
import { defined } from '../contract/defined.js';
import type { TurnResult } from '../contract/types.js';
import type { DelegateOptions } from './manager-options.js';
import { SessionManager } from './session-manager.js';
import { sessionError } from './session-error.js';

export interface DelegateTaskInput extends DelegateOptions {
  prompt: string;
  /** Default: the session's topic. A new session gets a topic of its own. */
  topic?: string;
  /** Alias of `session_id`. */
  task_id?: string | null;
  /** Alias of `agent`. */
  subagent_type?: string;
}

let shared: Promise<SessionManager> | undefined;
let calls = 0;

/**
 * Runs the prompt in the named session, or in a new one, and returns its outcome. Overlapping calls
 * share one connection. The last of them closes it, so that a script ends by itself.
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
      // `connect` failed, and the call has thrown that error already.
      await idle?.then((manager) => manager.disconnect()).catch(() => undefined);
    }
  }
}

/** `delegate_task` with a manager of the caller's own. */
export async function delegateTask(manager: SessionManager, input: DelegateTaskInput): Promise<TurnResult> {
  const { prompt, topic, task_id, subagent_type, ...options } = input;
  const session_id = sameOf('session_id', options.session_id, 'task_id', task_id);
  const agent = sameOf('agent', options.agent, 'subagent_type', subagent_type);
  return manager.delegate(topic, prompt, {
    ...options,
    ...defined({ session_id, agent }),
  });
}

function sameOf<T extends string | null>(
  name: string,
  value: T | undefined,
  alias: string,
  other: T | undefined,
): T | undefined {
  if (value !== undefined && other !== undefined && value !== other) {
    throw sessionError(
      'INVALID_PROMPT',
      `Fields "${name}" and its alias "${alias}" must agree; got ${JSON.stringify(value)} and ${JSON.stringify(other)}.`,
    );
  }
  return value ?? other;
}
