/** What the client throws: refusals, and that something it needs can't be reached. A failed turn is a result, not an error. */
import { FAILURES, failure, isFailureCode, type Failure, type FailureCode } from '../contract/failures.js';
import type { PromptId, TopicId } from '../contract/ids.js';

/** Facts of a refusal. With `NO_WORKER` and `OUTCOME_UNKNOWN` the prompt *was* accepted: `topic` and `prompt_id` say where to ask. */
export class SessionError extends Error {
  override readonly name = 'SessionError';
  readonly code: FailureCode;
  /** What to do. */
  readonly fix: string;
  /** Exit code of the `continuity` command. */
  readonly exit: number;
  readonly topic?: TopicId;
  readonly prompt_id?: PromptId;

  constructor({ code, message, fix }: Failure, facts: { topic?: TopicId; prompt_id?: PromptId; cause?: unknown } = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.fix = fix;
    // A newer worker may send a code that this release does not know.
    this.exit = isFailureCode(code) ? FAILURES[code].exit : 1;
    if (facts.topic !== undefined) this.topic = facts.topic;
    if (facts.prompt_id !== undefined) this.prompt_id = facts.prompt_id;
  }

  get failure(): Failure {
    return { code: this.code, message: this.message, fix: this.fix };
  }

  toJSON(): { error: Failure; topic?: TopicId; prompt_id?: PromptId } {
    return {
      error: this.failure,
      ...(this.topic !== undefined && { topic: this.topic }),
      ...(this.prompt_id !== undefined && { prompt_id: this.prompt_id }),
    };
  }
}

export function sessionError(code: FailureCode, message: string, facts?: ConstructorParameters<typeof SessionError>[1]): SessionError {
  return new SessionError(failure(code, message), facts);
}
