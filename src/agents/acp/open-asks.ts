/**
 * What the turn of one process waits for a person to answer. The agent's request stays open for as
 * long as its process lives, whether an attempt follows the turn or none does.
 */
import type { Answer, Ask, AgentAskKind } from '../../contract/asks.js';

/** One request of an agent. It can ask several things. */
export interface Asking {
  /** What is still to be answered, oldest first. */
  readonly asks: readonly Ask[];
  /** @returns what the agent is answered. undefined: more is to be answered first */
  take(ask: Ask, answer: Answer): object | undefined;
}

/**
 * What an agent is answered where nobody decides, because the turn is being cancelled or is over.
 * The protocol demands it. By the kind of the request.
 */
export const WITHDRAWN: Readonly<Record<AgentAskKind, object>> = {
  permission: { outcome: { outcome: 'cancelled' } },
  question: { action: 'cancel' },
};

/** An agent that asks more at once does not come to an end by answers. */
export const MOST_OPEN = 100;

interface Open {
  kind: AgentAskKind;
  asking: Asking;
  settle(answer: object): void;
}

export class OpenAsks {
  /** How often something was asked or answered. */
  changes = 0;
  readonly #open = new Set<Open>();

  constructor(private readonly changed: () => void) {}

  /** Oldest first. */
  get all(): Ask[] {
    return [...this.#open].flatMap(({ asking }) => asking.asks);
  }

  /**
   * `gone`: the agent took the request back, or has ended. Resolves with what the agent is answered.
   *
   * @returns undefined when too much is open already
   */
  open(kind: AgentAskKind, asking: Asking, gone: AbortSignal): Promise<object> | undefined {
    if (this.#open.size >= MOST_OPEN) return undefined;
    if (gone.aborted) return Promise.resolve(WITHDRAWN[kind]);
    return new Promise((resolve) => {
      const withdraw = () => open.settle(WITHDRAWN[kind]);
      const open: Open = {
        kind,
        asking,
        settle: (answer) => {
          if (!this.#open.delete(open)) return;
          gone.removeEventListener('abort', withdraw);
          resolve(answer);
          this.#change();
        },
      };
      gone.addEventListener('abort', withdraw);
      this.#open.add(open);
      this.#change();
    });
  }

  /** Leaves an ask that is gone alone. */
  answer({ ask_id }: Pick<Ask, 'ask_id'>, answer: Answer): void {
    for (const open of this.#open) {
      const ask = open.asking.asks.find((one) => one.ask_id === ask_id);
      if (!ask) continue;
      if (!ask.takes.includes(answer.decision))
        throw new Error(`The ask takes ${ask.takes.join(', ')}, and ${answer.decision} was given: ${ask.text}`);
      const told = open.asking.take(ask, answer);
      if (told) open.settle(told);
      else this.#change();
      return;
    }
  }

  withdrawAll(): void {
    for (const open of [...this.#open]) open.settle(WITHDRAWN[open.kind]);
  }

  #change(): void {
    this.changes++;
    this.changed();
  }
}
