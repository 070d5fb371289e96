/** One attempt at a time on a session, in this process. A late POST of an older prompt would make the model answer it again. */
import { failure } from '../../contract/failures.js';
import type { SessionId } from '../../contract/ids.js';
import { AgentError } from '../agent.js';

export interface Fence {
  /** Aborts when a newer attempt wants in. */
  readonly signal: AbortSignal;
  /** To be called once nothing that the attempt sent is under way. */
  release(): void;
}

export class Fences {
  readonly #held = new Map<SessionId, { end: (reason: AgentError) => void; released: Promise<void> }>();

  /** Makes the attempt before this one stop, and waits until it has. */
  async enter(session: SessionId): Promise<Fence> {
    const older = this.#held.get(session);
    const controller = new AbortController();
    let released = () => {};
    const mine = {
      end: (reason: AgentError) => controller.abort(reason),
      released: new Promise<void>((resolve) => (released = resolve)),
    };
    this.#held.set(session, mine);
    older?.end(new AgentError(failure('OUTCOME_UNKNOWN', `A newer attempt took over session ${session}.`), true));
    await older?.released;
    return {
      signal: controller.signal,
      release: () => {
        if (this.#held.get(session) === mine) this.#held.delete(session);
        released();
      },
    };
  }

  endAll(reason: AgentError): void {
    for (const { end } of this.#held.values()) end(reason);
  }
}
