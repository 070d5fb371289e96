/**
 * Keeps how far a prompt came, for the error that its caller gets when the manager is disconnected.
 */
import type { PromptId, TopicId } from '../contract/ids.js';
import type { Accepted } from '../contract/types.js';
import { sessionError, type SessionError } from './session-error.js';

interface Ids {
  topic: TopicId;
  prompt_id: PromptId;
}

/** `sent`: it is not known whether the prompt is in the history. */
type Reached = 'nothing' | 'sent' | 'accepted';

/** What is known of one prompt so far. It stays valid when the call is broken off. */
export class Known {
  #reached: Reached;

  constructor(
    private readonly ids: Ids,
    /** Called once. */
    private readonly onAccepted?: (accepted: Accepted) => void,
    reached: Reached = 'nothing',
  ) {
    this.#reached = reached;
  }

  get isAccepted(): boolean {
    return this.#reached === 'accepted';
  }

  sent(): void {
    if (this.#reached === 'nothing') this.#reached = 'sent';
  }

  accepted(): Accepted {
    const accepted = { status: 'accepted', ...this.ids } as const;
    if (!this.isAccepted) this.onAccepted?.(accepted);
    this.#reached = 'accepted';
    return accepted;
  }

  disconnected(): SessionError {
    const { prompt_id } = this.ids;
    if (this.#reached === 'nothing')
      return sessionError(
        'TEMPORAL_UNAVAILABLE',
        `The manager was disconnected before it sent prompt ${prompt_id}.`,
        this.ids,
      );
    const became = this.isAccepted
      ? 'The prompt is accepted.'
      : 'It is not known whether the prompt was accepted. Send it again with the same prompt_id.';
    return sessionError(
      'OUTCOME_UNKNOWN',
      `The manager was disconnected before the outcome of prompt ${prompt_id} was known. ${became}`,
      this.ids,
    );
  }
}
