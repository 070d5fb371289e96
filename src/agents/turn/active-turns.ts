import type { SessionId } from '../../contract/ids.js';
import type { PromptKey } from '../driver.js';

/** A turn that this process follows, or will follow soon. */
export interface ActiveTurn {
  key: PromptKey;
  wake(): void;
}

/**
 * The active turns of each session. A session has two for a moment, while a later attempt waits
 * until the earlier one has let go.
 */
export class ActiveTurns {
  readonly #turns = new Map<SessionId, Set<ActiveTurn>>();

  of(session: SessionId): ActiveTurn[] {
    return [...(this.#turns.get(session) ?? [])];
  }

  begin(session: SessionId, turn: ActiveTurn): void {
    const turns = this.#turns.get(session) ?? new Set();
    this.#turns.set(session, turns.add(turn));
  }

  end(session: SessionId, turn: ActiveTurn): void {
    const turns = this.#turns.get(session);
    turns?.delete(turn);
    if (turns?.size === 0) this.#turns.delete(session);
  }
}
