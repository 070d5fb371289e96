/**
 * Lets one turn of a host try a provider whose usage limit may be over. The others of that provider
 * follow it, or wait on without asking: fifty topics that were parked would ask all at once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentOutcome, TurnProgress } from '../agents/agent.js';
import { defined } from '../contract/defined.js';
import type { Failure, FailureCode } from '../contract/failures.js';
import type { Pinned } from '../contract/types.js';

const WAITS_AT_MOST_MS = 2 * 60 * 1000;

/** What the one that tried has found. */
type Found = { takes: true } | { takes: false; outcome: AgentOutcome } | 'nothing';

export class ProviderGate {
  readonly #tries = new Map<string, Promise<Found>>();

  /**
   * @returns the try that this turn has to make, or how another one has ended
   * @throws the signal's reason
   */
  async enter(provider: string, signal: AbortSignal): Promise<Try | Exclude<Found, 'nothing'>> {
    for (;;) {
      signal.throwIfAborted();
      const underWay = this.#tries.get(provider);
      if (!underWay) return this.#begin(provider);
      const found = await firstOf(underWay, signal);
      if (found !== 'nothing') return found;
    }
  }

  #begin(provider: string): Try {
    const its = new Try(() => this.#tries.delete(provider));
    this.#tries.set(provider, its.found);
    return its;
  }
}

export class Try {
  readonly found: Promise<Found>;
  #tell: (found: Found) => void = () => undefined;

  constructor(over: () => void) {
    this.found = new Promise((resolve) => {
      this.#tell = (found) => {
        this.#tell = () => undefined; // By now, the try of another turn may have its place.
        over();
        resolve(found);
      };
    });
  }

  /** The provider answers again. */
  takes(): void {
    this.#tell({ takes: true });
  }

  refused(outcome: AgentOutcome): void {
    this.#tell({ takes: false, outcome });
  }

  /** This turn has broken off. Another one tries. Does nothing after the other two. */
  end(): void {
    this.#tell('nothing');
  }
}

/** OpenCode names the provider in the model. The other kinds have one. */
export function providerOf({ agent, kind, model = '' }: Pick<Pinned, 'agent' | 'kind' | 'model'>): string {
  return JSON.stringify([kind ?? agent, kind === 'opencode' ? model.split('/')[0] : '']);
}

/** A try that finds nothing for so long, because the model is slow, holds up nobody any more. */
async function firstOf(underWay: Promise<Found>, signal: AbortSignal): Promise<Found> {
  const over = new AbortController();
  const late = sleep(WAITS_AT_MOST_MS, { takes: true } as const, { signal: AbortSignal.any([signal, over.signal]) });
  try {
    return await Promise.race([underWay, late]);
  } finally {
    over.abort();
    late.catch(() => undefined);
    signal.throwIfAborted();
  }
}

/** Failures that the next turn of the same provider would have as well. */
const OF_PROVIDER: readonly FailureCode[] = ['AGENT_RATE_LIMITED', 'AGENT_AUTH', 'PROVIDER_UNREACHABLE'];
export const isOfProvider = (error: Failure | undefined) => error !== undefined && OF_PROVIDER.includes(error.code);
export const refusalIn = ({ error, until }: AgentOutcome) => defined({ error, until });
export const isAnswer = ({ refused, text_tail, usage }: TurnProgress) =>
  !refused && (text_tail !== undefined || usage !== undefined);
