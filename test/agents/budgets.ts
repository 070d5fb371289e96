/** A turn that has used what it may is cut off between two steps: the whole activity, with the real agent. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { RunTurnInput } from '../../src/activities/types.js';
import type { Agent } from '../../src/agents/agent.js';
import type { Answer, Answered } from '../../src/contract/asks.js';
import type { PromptId } from '../../src/contract/ids.js';
import type { AgentUnderTest } from './conformance.js';
import { configOf, workerOf } from './fall-back.js';
import { forAllTests } from './for-all-tests.js';
import { openIn } from './usage-limits.js';

const STEPS = Array.from({ length: 5 }, (_, i) => `[[bash: sleep 1; echo ${i}]]`).join(' ');

export function describeBudgets(name: 'opencode' | 'claude-code' | 'codex', make: () => Promise<AgentUnderTest>): void {
  describe(`${name} and a budget of two steps:`, () => {
    let under: AgentUnderTest;
    let agent: Agent;
    forAllTests(make, (made, created) => {
      under = made;
      agent = created;
    });

    /** A turn up to its budget, and a function that goes on with it after an answer. */
    async function cutOff() {
      const config = await configOf(under, name);
      const turnOf = workerOf(name, agent, { ...config, limits: { ...config.limits, budgets: { steps_per_turn: 2 } } });
      const session = await openIn(agent, under);
      const prompt = `Long ${randomUUID()} ${STEPS} [[say: Done.]]`;
      const input: Partial<RunTurnInput> = { prompt_id: randomUUID() as PromptId };
      const { waits } = await turnOf(session, prompt, input);
      if (waits?.for !== 'answer') throw new Error(`The turn waits for ${waits?.for}.`);
      expect(waits.ask).toMatchObject({ kind: 'budget', budget: { name: 'steps_per_turn', limit: 2 } });
      const after = (answer: Answer) => {
        const answered: Answered[] = [{ ask: waits.ask, answer, by: 'person' }];
        return turnOf(session, prompt, { ...input, answered });
      };
      return { session, prompt, after, turnOf };
    }

    test('the turn stops there, goes on as the same turn when it is allowed, and its prompt stands once', async () => {
      const { session, prompt, after } = await cutOff();
      const before = under.asked().length;
      await under.kill();
      expect(under.asked().length).toBe(before);
      expect(await after({ decision: 'always' })).toMatchObject({ status: 'completed', reply: 'Done.' });
      expect(await under.promptsIn(session)).toEqual([prompt]);
    });

    test('a budget of one step buys a step each time that it is allowed', async () => {
      const config = await configOf(under, name);
      const turnOf = workerOf(name, agent, { ...config, limits: { ...config.limits, budgets: { steps_per_turn: 1 } } });
      const session = await openIn(agent, under);
      const input: Partial<RunTurnInput> = { prompt_id: randomUUID() as PromptId };
      const prompt = `One by one ${randomUUID()} [[slow: 1000]] [[bash: echo 1]] [[slow: 1000]] [[bash: echo 2]] [[slow: 1000]] [[say: Done.]]`;
      const answered: Answered[] = [];
      for (let asks = 0; asks <= 3; asks++) {
        const outcome = await turnOf(session, prompt, { ...input, answered });
        if (outcome.waits?.for !== 'answer')
          return expect(outcome).toMatchObject({ status: 'completed', reply: 'Done.' });
        answered.push({ ask: outcome.waits.ask, answer: { decision: 'allow' }, by: 'person' });
      }
      expect.unreachable('The turn asked more often than it has steps.');
    });

    test('the turn ends where that is denied, and the session takes the next prompt', async () => {
      const { session, prompt, after, turnOf } = await cutOff();
      const ended = await after({ decision: 'deny' });
      expect(ended).toMatchObject({ status: 'failed', error: { code: 'BUDGET_EXCEEDED' } });
      expect(ended.waits).toBeUndefined();
      expect(await turnOf(session, 'And now? [[say: Next.]]')).toMatchObject({ status: 'completed', reply: 'Next.' });
      expect(await under.promptsIn(session)).toEqual([prompt, 'And now? [[say: Next.]]']);
    });
  });
}
