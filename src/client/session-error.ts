/**
 * The error that the client throws for a refusal, and when it cannot reach something that it needs.
 * A failed turn is a result, not an error.
 */
import { defined } from '../contract/defined.js';
import { FAILURES, Failed, failure, isFailureCode, type Failure, type FailureCode } from '../contract/failures.js';
import type { PromptId, TopicId } from '../contract/ids.js';

/**
 * A refusal with its facts. With `NO_WORKER` and `OUTCOME_UNKNOWN` the prompt *was* accepted:
 * `topic` and `prompt_id` say where to ask.
 */
export class SessionError extends Failed {
  override readonly name = 'SessionError';
  /** What to do. */
  readonly fix: string;
  /** Exit code of the `continuity` command. */
  readonly exit: number;
  readonly topic?: TopicId;
  readonly prompt_id?: PromptId;

  constructor(what: Failure, facts: { topic?: TopicId; prompt_id?: PromptId; cause?: unknown } = {}) {
    super(what, facts.cause === undefined ? undefined : { cause: facts.cause });
    const { code, fix } = what;
    this.fix = fix;
    // A newer worker may send a code that this release does not know.
    this.exit = isFailureCode(code) ? FAILURES[code].exit : 1;
    if (facts.topic !== undefined) this.topic = facts.topic;
    if (facts.prompt_id !== undefined) this.prompt_id = facts.prompt_id;
  }

  toJSON(): { error: Failure; topic?: TopicId; prompt_id?: PromptId } {
    return {
      error: this.failure,
      ...defined({ topic: this.topic, prompt_id: this.prompt_id }),
    };
  }
}

export function sessionError(
  code: FailureCode,
  message: string,
  facts?: ConstructorParameters<typeof SessionError>[1],
): SessionError {
  return new SessionError(failure(code, message), facts);
}
