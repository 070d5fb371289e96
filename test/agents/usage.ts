/** What a turn has used is what the endpoint has counted, to the token. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import type { Agent } from '../../src/agents/agent.js';
import type { Usage } from '../../src/contract/types.js';
import { tokensOf } from '../../src/contract/usage.js';
import type { AgentUnderTest } from './conformance.js';
import { forAllTests } from './for-all-tests.js';
import { runTurn, startTurn } from './run.js';
import { openIn } from './usage-limits.js';

interface Counting {
  hasSubAgents: boolean;
  /** Whether it stores what a step has used only once the tools of that step have ended. */
  losesCutStep: boolean;
}

export function describeUsage(
  name: string,
  make: () => Promise<AgentUnderTest>,
  { hasSubAgents, losesCutStep }: Counting,
): void {
  describe(`${name} and what a turn has used:`, () => {
    let under: AgentUnderTest;
    let agent: Agent;
    forAllTests(make, (made, created) => {
      under = made;
      agent = created;
    });
    /** Of every conversation in which the word was said. */
    const countedFor = (word: string) =>
      under
        .asked()
        .filter(({ asks }) => asks.some((text) => text.includes(word)))
        .reduce((sum, { tokens = 0 }) => sum + tokens, 0);
    const told = ({ usage }: { usage?: Usage }) => (usage ? tokensOf(usage) : 0);

    test('each turn its own, though the conversation is sent again', async () => {
      const session = await openIn(agent, under);
      const [one, two] = [randomUUID(), randomUUID()];
      const first = await runTurn(agent, session, `${one} [[bash: echo a]] [[bash: echo b]] [[say: Done.]]`);
      expect(told(first)).toBe(countedFor(one));
      const second = await runTurn(agent, session, `${two} [[bash: echo c]] [[say: Done.]]`);
      expect(told(second)).toBe(countedFor(two));
      // What the session holds is what the last request alone had.
      const last = under.asked().filter(({ asks }) => asks.some((text) => text.includes(two)));
      expect(second.context?.tokens).toBe(last.at(-1)?.tokens);
      expect(Math.abs(Date.now() - Date.parse(second.context?.at ?? ''))).toBeLessThan(60_000);
      expect(told(second)).toBeGreaterThan(0);
    });

    test(`also of a turn in which the agent was killed${losesCutStep ? ', but for the step that was cut off' : ''}`, async () => {
      const session = await openIn(agent, under);
      const word = randomUUID();
      const turn = startTurn(agent, session, `${word} [[bash: echo a]] [[bash: sleep 3]] [[say: Done.]]`);
      await vi.waitFor(() => expect(under.asked().filter(({ asks }) => asks.at(-1)?.includes(word))).toHaveLength(2), {
        timeout: 60_000,
        interval: 20,
      });
      await vi.waitFor(() => expect(turn.progress.some(({ step }) => step?.includes('sleep 3'))).toBe(true), 60_000);
      await under.kill();
      const outcome = await turn.outcome;
      expect(outcome.status).toBe('completed');
      const [, cut] = under.asked().filter(({ asks }) => asks.at(-1)?.includes(word));
      expect(told(outcome)).toBe(countedFor(word) - (losesCutStep ? (cut?.tokens ?? NaN) : 0));
      expect(outcome.usage?.uncounted_steps).toBe(losesCutStep ? 1 : undefined);
    });

    test.runIf(hasSubAgents)('with what its sub-agents have used', async () => {
      const session = await openIn(agent, under);
      const word = randomUUID();
      const outcome = await runTurn(
        agent,
        session,
        `${word} [[task: ${word} below {{bash: echo x}} {{say: Half.}}]] [[say: Done.]]`,
      );
      expect(outcome.reply).toBe('Done.');
      expect(under.asked().some(({ asks }) => asks.at(-1)?.startsWith(`${word} below`))).toBe(true);
      expect(told(outcome)).toBe(countedFor(word));
    });
  });
}
