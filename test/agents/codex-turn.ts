/** One turn of a driver, step by step, without the turn protocol: the tests say when what is done. */
import { expect, vi } from 'vitest';
import type { SessionRef } from '../../src/agents/agent.js';
import type { AgentDriver, AgentSignal, Sight } from '../../src/agents/driver.js';
import type { Ask } from '../../src/contract/asks.js';
import type { PromptId } from '../../src/contract/ids.js';

const patiently = { timeout: 30_000, interval: 50 };

export class DriverTurn {
  readonly signals: AgentSignal[] = [];
  readonly #stop: () => void;

  constructor(
    readonly driver: AgentDriver,
    readonly session: SessionRef,
    readonly prompt: string,
  ) {
    this.#stop = driver.listen(session, this.#key, (signal) => this.signals.push(signal));
  }

  get #key() {
    return this.driver.keyOf(this.session, this.prompt as PromptId);
  }

  /** Puts the prompt in, or continues its turn. */
  async put(): Promise<void> {
    const sight = await vi.waitFor(async () => {
      const seen = await this.look();
      if (!seen || seen.busy) throw new Error('It is not known, or it works.');
      return seen;
    }, patiently);
    await this.driver.put(this.session, { key: this.#key, text: this.prompt }, sight);
  }

  look(): Promise<Sight | undefined> {
    return this.driver.look(this.session, this.#key);
  }

  /** The one ask that is open. */
  asked(): Promise<Ask> {
    return vi.waitFor(async () => {
      const asks = await this.driver.asks?.(this.session);
      expect(asks).toHaveLength(1);
      return asks?.[0] as Ask;
    }, patiently);
  }

  /** What the turn said, once it is over. */
  ended(): Promise<{ status: string | undefined; reply: string }> {
    return vi.waitFor(async () => {
      const sight = await this.look();
      expect(sight).toMatchObject({ busy: false, prompt: 'present', end: {} });
      return { status: sight?.end?.status, reply: sight?.said().reply ?? '' };
    }, patiently);
  }

  /** As an attempt does that ends while the turn goes on. */
  detach(): void {
    this.#stop();
  }
}

/** Puts a prompt in, and follows its turn. */
export async function turnOf(driver: AgentDriver, session: SessionRef, prompt: string): Promise<DriverTurn> {
  const turn = new DriverTurn(driver, session, prompt);
  await turn.put();
  return turn;
}
