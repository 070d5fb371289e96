/** A session begins as a copy of another one. The real agents, against the scripted model. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import type { PromptId } from '../../src/contract/ids.js';
import { tokensOf } from '../../src/contract/usage.js';
import { fetchedClaude } from '../../scripted/isolated-claude.js';
import { codexProgram } from '../../scripted/isolated-codex.js';
import { claudeUnderTest } from './claude-code-under-test.js';
import { codexUnderTest } from './codex-under-test.js';
import type { AgentUnderTest } from './conformance.js';
import { forAllTests } from './for-all-tests.js';
import { openCodeUnderTest } from './opencode-under-test.js';
import { never, runTurn, startTurn } from './run.js';

const AGENTS: Record<string, { make: () => Promise<AgentUnderTest>; isThere: boolean }> = {
  OpenCode: { make: openCodeUnderTest, isThere: true },
  'Claude Code': { make: claudeUnderTest, isThere: fetchedClaude() !== undefined },
  Codex: { make: codexUnderTest, isThere: codexProgram() !== undefined },
};

for (const [name, { make, isThere }] of Object.entries(AGENTS))
  describe.runIf(isThere)(`A copy of a session of ${name} (skipped where it was not fetched)`, () => {
    let under: AgentUnderTest;
    let agent: Agent;
    forAllTests(make, (made, created) => {
      under = made;
      agent = created;
    });

    async function open(): Promise<SessionRef> {
      const opened = await agent.open(
        { seed: randomUUID(), title: 'The original', cwd: under.cwd, model: under.model },
        never,
      );
      return { ...opened, model: under.model, cwd: under.cwd };
    }
    async function fork(from: SessionRef, through: string, seed: string = randomUUID()): Promise<SessionRef> {
      const request = { seed, title: 'The copy', cwd: under.cwd, model: under.model };
      const opened = await agent.fork?.({ ...request, from, through: through as PromptId }, never);
      if (!opened) throw new Error(`${name} cannot fork`);
      return { ...opened, model: under.model, cwd: under.cwd };
    }
    /** Of the steps of the turn whose prompt has the word. */
    const countedFor = (word: string) =>
      under
        .asked()
        .filter(({ asks }) => asks.at(-1)?.includes(word))
        .reduce((sum, { tokens = 0 }) => sum + tokens, 0);
    const isAsked = (text: string) =>
      vi.waitFor(() => expect(under.asked().some(({ asks }) => asks.at(-1)?.includes(text))).toBe(true), {
        timeout: 60_000,
      });

    test('knows what the original knows, and the original neither learns of it nor changes', async () => {
      const session = await open();
      await runTurn(agent, session, 'Add login endpoint', 'one');
      await runTurn(agent, session, 'Add tests [[bash: echo tested]]', 'two');
      const before = await agent.transcript(session);
      const copy = await fork(session, 'two');
      expect(copy.session_id).not.toBe(session.session_id);
      const { reply, usage } = await runTurn(agent, copy, 'Try it without a library', 'three');
      expect(reply).toMatch(/"Add login endpoint", "Add tests.*Now: "Try it without a library"/);
      expect(await agent.transcript(session)).toEqual(before);
      expect((await runTurn(agent, session, 'Go on', 'four')).reply).not.toContain('library');
      // What was used before the copy was made is not used once more.
      expect(usage && tokensOf(usage)).toBe(countedFor('without a library'));
    });

    test.each(['p0', 'p1', 'p2'])('counts its own turns only, to the token, where it ends with %s', async (through) => {
      const session = await open();
      for (const text of ['p0', 'p1', 'p2']) await runTurn(agent, session, `${text} [[bash: echo ${text}]]`, text);
      const copy = await fork(session, through);
      for (const word of [randomUUID(), randomUUID()]) {
        const { usage, context } = await runTurn(agent, copy, `${word} [[bash: echo a]] [[say: Done.]]`);
        const steps = under.asked().filter(({ asks }) => asks.at(-1)?.includes(word));
        expect(usage && tokensOf(usage)).toBe(countedFor(word));
        expect(context?.tokens).toBe(steps.at(-1)?.tokens);
      }
    });

    test('ends with the turn that is named, and what came after it is not in it', async () => {
      const session = await open();
      for (const [index, text] of ['One', 'Two', 'Three'].entries()) await runTurn(agent, session, text, `p${index}`);
      const copy = await fork(session, 'p0');
      expect((await runTurn(agent, copy, 'Otherwise', 'other')).reply).toBe(
        'You asked before: "One". Now: "Otherwise".',
      );
      expect((await runTurn(agent, await fork(session, 'p1'), 'Four', 'four')).reply).toBe(
        'You asked before: "One", "Two". Now: "Four".',
      );
    });

    test('runs a prompt whose id the original has used, with a reply of its own', async () => {
      const session = await open();
      await runTurn(agent, session, 'The first [[say: First.]]', 'same');
      const copy = await fork(session, 'same');
      expect(await runTurn(agent, copy, 'The second [[say: Second.]]', 'same')).toMatchObject({
        status: 'completed',
        reply: 'Second.',
      });
      expect(await runTurn(agent, copy, 'The second [[say: Second.]]', 'same')).toMatchObject({
        recovered: 'harvested',
      });
      expect((await agent.said(session, 'same' as PromptId, never)).reply).toBe('First.');
    });

    test('leaves a turn that runs in the original alone, and does not have it', async () => {
      const session = await open();
      await runTurn(agent, session, 'One', 'one');
      const running = startTurn(agent, session, 'At work [[slow: 2500]] [[say: Worked.]]', 'two');
      await isAsked('At work');
      const copy = await fork(session, 'one');
      expect((await runTurn(agent, copy, 'Beside it', 'beside')).reply).toBe(
        'You asked before: "One". Now: "Beside it".',
      );
      expect(await running.outcome).toMatchObject({ status: 'completed', reply: 'Worked.' });
    });

    test('is the same one for the same seed, before and after its first prompt', async () => {
      const session = await open();
      await runTurn(agent, session, 'One', 'one');
      const first = await fork(session, 'one', 'the seed');
      expect((await fork(session, 'one', 'the seed')).session_id).toBe(first.session_id);
      await runTurn(agent, first, 'Two', 'two');
      await runTurn(agent, session, 'Meanwhile', 'meanwhile');
      expect((await fork(session, 'meanwhile', 'the seed')).session_id).toBe(first.session_id);
      expect((await runTurn(agent, first, 'Three', 'three')).reply).toBe(
        'You asked before: "One", "Two". Now: "Three".',
      );
    });

    test('can be copied, too, and its whole conversation can be read', async () => {
      const session = await open();
      await runTurn(agent, session, 'One', 'one');
      const copy = await fork(session, 'one');
      await runTurn(agent, copy, 'Two', 'two');
      const second = await fork(copy, 'two');
      await runTurn(agent, second, 'Three', 'three');
      const asked = (await agent.transcript(second)).filter(({ role }) => role === 'user');
      expect(asked.map(({ parts }) => parts.map((part) => part.type === 'text' && part.text).join(''))).toEqual([
        'One',
        'Two',
        'Three',
      ]);
    });

    test('is refused of a session that is lost, and of a turn that the session does not have', async () => {
      const session = await open();
      await runTurn(agent, session, 'One', 'one');
      await expect(fork(session, 'another')).rejects.toMatchObject({ failure: { code: 'OUTCOME_UNKNOWN' } });
      await under.lose(session);
      await expect(fork(session, 'one')).rejects.toMatchObject({ failure: { code: 'SESSION_LOST' } });
    });
  });
