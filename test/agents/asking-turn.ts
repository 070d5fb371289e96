/** A turn by its driver alone, without the protocol, so that a test decides when something is answered. */
import { randomUUID } from 'node:crypto';
import { expect, vi } from 'vitest';
import type { AgentOutcome, SessionRef } from '../../src/agents/agent.js';
import type { AgentDriver } from '../../src/agents/driver.js';
import type { Answer, Ask } from '../../src/contract/asks.js';
import type { PromptId } from '../../src/contract/ids.js';

export const patiently = { timeout: 60_000, interval: 20 };

export interface AskingTurn {
  asks(): Promise<Ask[]>;
  /** Once there is one, other than those. */
  asked(...others: Ask[]): Promise<Ask>;
  answer(ask: Ask, decision: Answer['decision'], text?: string): Promise<void>;
  /** Once it has. */
  ended(): Promise<Pick<AgentOutcome, 'status' | 'reply' | 'error'>>;
}

/** Puts the prompt in, and returns without waiting for anything. */
export async function beginTurn(driver: AgentDriver, session: SessionRef, text: string): Promise<AskingTurn> {
  const key = driver.keyOf(session, randomUUID() as PromptId);
  const sight = await driver.look(session, key);
  if (!sight) throw new Error(`There is no session ${session.session_id}.`);
  expect(await driver.put(session, { key, text }, sight)).toBeUndefined();
  const asks = async () => (await driver.asks?.(session)) ?? [];
  return {
    asks,
    asked: (...others) =>
      vi.waitFor(async () => {
        const ask = (await asks()).find(({ ask_id }) => !others.some((other) => other.ask_id === ask_id));
        if (!ask) throw new Error('Nothing is asked.');
        return ask;
      }, patiently),
    answer: async (ask, decision, answer) =>
      driver.answer?.(session, ask, { decision, ...(answer !== undefined && { text: answer }) }),
    ended: () =>
      vi.waitFor(async () => {
        const now = await driver.look(session, key);
        if (!now?.end || now.busy) throw new Error('The turn has not ended.');
        return { ...now.end, ...now.said() };
      }, patiently),
  };
}
