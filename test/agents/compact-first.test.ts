/**
 * A conversation is compacted before the prompt is put in (`onCold: compact`). With the real agents,
 * which are killed in the middle of it.
 */
import { randomUUID } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import type { Agent, AgentOutcome, SessionRef } from '../../src/agents/agent.js';
import type { PromptId } from '../../src/contract/ids.js';
import { tokensOf } from '../../src/contract/usage.js';
import { codexProgram } from '../../scripted/isolated-codex.js';
import { acpUnderTest } from './acp-under-test.js';
import { because, isMissing } from './claude-code-stage.js';
import { claudeUnderTest } from './claude-code-under-test.js';
import { codexUnderTest } from './codex-under-test.js';
import type { AgentUnderTest } from './conformance.js';
import { forAllTests } from './for-all-tests.js';
import { openCodeUnderTest } from './opencode-under-test.js';
import { never, runTurn, startTurn, type RunningTurn } from './run.js';
import { openIn } from './usage-limits.js';

const first = { before_put: () => Promise.resolve('compact' as const) };
const patiently = { timeout: 60_000, interval: 10 };
const used = ({ usage }: Pick<AgentOutcome, 'usage'>) => (usage ? tokensOf(usage) : 0);

/** A conversation whose summary takes so many ms, or is refused. */
async function conversation(agent: Agent, under: AgentUnderTest, ms: number | string): Promise<SessionRef> {
  const session = await openIn(agent, under);
  await runTurn(agent, session, `One [[summary: ${ms}]] [[say: One.]]`);
  await runTurn(agent, session, 'Two [[say: Two.]]');
  return session;
}

function describeCompactFirst(name: string, make: () => Promise<AgentUnderTest>): void {
  describe(`${name} compacts first:`, () => {
    let under: AgentUnderTest;
    let agent: Agent;
    forAllTests(make, (made, created) => {
      under = made;
      agent = created;
    });
    const asked = (since: number) => under.requests().length - since;
    const isIn = async (session: SessionRef, prompt: string) =>
      (await under.promptsIn(session)).filter((one) => one === prompt).length;
    /** The model was asked for a summary, and has not answered. */
    async function compacts(turn: RunningTurn, since: number): Promise<void> {
      await vi.waitFor(() => expect(asked(since)).toBe(1), patiently);
      await vi.waitFor(
        () => expect(turn.progress.map(({ step }) => step)).toContain('compacts the conversation'),
        patiently,
      );
    }

    test('once, and then the prompt is put in once; the endpoint has counted the same tokens', async () => {
      const session = await conversation(agent, under, 300);
      const since = under.requests().length;
      const prompt = `Three ${randomUUID()} [[say: Three.]]`;
      const outcome = await runTurn(agent, session, prompt, 'three', first);
      expect(outcome).toMatchObject({ status: 'completed', reply: 'Three.', compacted: 1 });
      expect(outcome).not.toHaveProperty('not_compacted');
      expect(asked(since)).toBe(2);
      const counted = under
        .requests()
        .slice(since)
        .map(({ tokens = 0 }) => tokens);
      expect(used(outcome)).toBe(counted[0]! + counted[1]!);
      expect(outcome.context?.tokens).toBe(counted[1]);
      const again = await runTurn(agent, session, prompt, 'three', first);
      expect(again).toMatchObject({ reply: 'Three.', compacted: 1, recovered: 'harvested', usage: outcome.usage });
      expect(asked(since)).toBe(2);
      expect(await isIn(session, prompt)).toBe(1);
      const next = await runTurn(agent, session, 'Four [[say: Four.]]');
      expect(next).toMatchObject({ status: 'completed', reply: 'Four.' });
      expect(next).not.toHaveProperty('compacted');
    });

    test('again if its agent was killed in the middle, and the prompt is put in once', async () => {
      const session = await conversation(agent, under, 2000);
      const since = under.requests().length;
      const turn = startTurn(agent, session, 'Three [[say: Three.]]', 'three', first);
      await compacts(turn, since);
      await under.kill();
      expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'Three.', compacted: 1 });
      expect(asked(since)).toBe(3);
      expect(await isIn(session, 'Three [[say: Three.]]')).toBe(1);
    });

    test('at most twice, and then the prompt goes on without it and says so', async () => {
      const session = await conversation(agent, under, 2000);
      const since = under.requests().length;
      const turn = startTurn(agent, session, 'Three [[say: Three.]]', 'three', first);
      await compacts(turn, since);
      await under.kill();
      await vi.waitFor(() => expect(asked(since)).toBe(2), patiently);
      await under.kill();
      const outcome = await turn.outcome;
      expect(outcome).toMatchObject({ status: 'completed', reply: 'Three.', not_compacted: 'it broke off twice' });
      expect(outcome).not.toHaveProperty('compacted');
      expect(asked(since)).toBe(3);
      expect(await isIn(session, 'Three [[say: Three.]]')).toBe(1);
    });

    test.each([400, 401])('one that the provider refuses with %d keeps no prompt out', async (code) => {
      const session = await conversation(agent, under, `status ${code}`);
      const outcome = await runTurn(agent, session, 'Three [[say: Three.]]', 'three', first);
      expect(outcome).toMatchObject({ status: 'completed', reply: 'Three.' });
      expect(outcome.not_compacted).toContain('scripted failure');
      expect(outcome).not.toHaveProperty('compacted');
      expect(await isIn(session, 'Three [[say: Three.]]')).toBe(1);
      expect(await runTurn(agent, session, 'Four [[say: Four.]]')).toMatchObject({ reply: 'Four.' });
    });

    test('a worker that comes back finds the compaction at work, and starts no other', async () => {
      const session = await conversation(agent, under, 2000);
      const since = under.requests().length;
      const turn = startTurn(agent, session, 'Three [[say: Three.]]', 'three', first);
      await compacts(turn, since);
      turn.detach();
      await expect(turn.outcome).rejects.toThrow('detached');
      const next = under.create();
      const undecided = { before_put: () => Promise.reject(new Error('It was decided.')) };
      const outcome = await runTurn(next, session, 'Three [[say: Three.]]', 'three', undecided);
      expect(outcome).toMatchObject({ status: 'completed', reply: 'Three.', compacted: 1 });
      expect(asked(since)).toBe(2);
      expect(await isIn(session, 'Three [[say: Three.]]')).toBe(1);
      await next.close({ stop: false });
    });

    test('a cancel stops it, the prompt is not put in, and the session takes the next one', async () => {
      const session = await conversation(agent, under, 20_000);
      const since = under.requests().length;
      const turn = startTurn(agent, session, 'Three [[say: Three.]]', 'three', first);
      await compacts(turn, since);
      await agent.cancel(session, never, 'three' as PromptId);
      expect(await turn.outcome).toMatchObject({ status: 'cancelled' });
      expect(await runTurn(agent, session, 'Four [[say: Four.]]')).toMatchObject({
        status: 'completed',
        reply: 'Four.',
      });
      expect(await isIn(session, 'Three [[say: Three.]]')).toBe(0);
      expect(asked(since)).toBe(2);
    });
  });
}

describeCompactFirst('opencode', openCodeUnderTest);
describe.skipIf(isMissing)(`Claude Code${because}`, () => describeCompactFirst('claude-code', claudeUnderTest));
describe.skipIf(codexProgram() === undefined)('Codex', () => describeCompactFirst('codex', codexUnderTest));

describe('an ACP agent', () => {
  let under: AgentUnderTest;
  let agent: Agent;
  forAllTests(acpUnderTest, (made, created) => {
    under = made;
    agent = created;
  });
  test('compacts nothing when it is asked to: the prompt goes on, and says so', async () => {
    const session = await openIn(agent, under);
    await runTurn(agent, session, 'One [[say: One.]]');
    expect(await runTurn(agent, session, 'Two [[say: Two.]]', 'two', first)).toMatchObject({
      status: 'completed',
      reply: 'Two.',
      not_compacted: 'this agent does not compact when it is asked to',
    });
  });
});
