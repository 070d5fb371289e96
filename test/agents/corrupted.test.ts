/**
 * A provider that refuses what a session holds, with words that nobody knows: the whole activity,
 * with the real agents.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Agent } from '../../src/agents/agent.js';
import { codexProgram } from '../../scripted/isolated-codex.js';
import { acpUnderTest } from './acp-under-test.js';
import { because, isMissing } from './claude-code-stage.js';
import { claudeUnderTest } from './claude-code-under-test.js';
import { codexUnderTest } from './codex-under-test.js';
import type { AgentUnderTest } from './conformance.js';
import { forAllTests } from './for-all-tests.js';
import { configOf, workerOf } from './fall-back.js';
import { openCodeUnderTest } from './opencode-under-test.js';
import { openIn } from './usage-limits.js';

function describeCorrupted(name: 'opencode' | 'claude-code' | 'codex', make: () => Promise<AgentUnderTest>): void {
  describe(`${name} and a session that its provider refuses:`, () => {
    let under: AgentUnderTest;
    let agent: Agent;
    let turnOf: ReturnType<typeof workerOf>;
    forAllTests(make, (made, created) => {
      under = made;
      agent = created;
    });
    beforeAll(async () => {
      turnOf = workerOf(name, agent, await configOf(under, name));
    });

    test('the second prompt that is refused so is SESSION_CORRUPTED, and the fresh session that proves it is gone', async () => {
      const session = await openIn(agent, under);
      expect(await turnOf(session, 'Fine [[say: Fine.]]')).toMatchObject({ status: 'completed' });
      const first = await turnOf(session, 'Look [[bad: this picture is not to our taste]]');
      expect(first).toMatchObject({ status: 'failed', error: { code: 'MODEL_FAILED' } });
      expect(first.refused).toMatch(/^4\d\d .*this picture is not to our taste/);
      const before = (await agent.sessions?.())?.length;
      const second = await turnOf(session, 'And now?', { refused_before: first.refused ?? '' });
      expect(second).toMatchObject({
        ...{ status: 'failed', error: { code: 'SESSION_CORRUPTED' }, refused: first.refused },
      });
      expect(second.error?.message).toContain('this picture is not to our taste');
      expect((await agent.sessions?.())?.length).toBe(before);
      expect(await turnOf(await openIn(agent, under), 'And now? [[say: Well.]]')).toMatchObject({ reply: 'Well.' });
    });

    test('one prompt that is refused, in a session that was not, stays MODEL_FAILED', async () => {
      const session = await openIn(agent, under);
      const refused = await turnOf(session, 'Just once [[status: 400]]');
      expect(refused).toMatchObject({ status: 'failed', error: { code: 'MODEL_FAILED' } });
      const asked = under.asked().length;
      expect(await turnOf(session, 'Again? [[say: Yes.]]', { refused_before: refused.refused ?? '' })).toMatchObject({
        ...{ status: 'completed', reply: 'Yes.' },
      });
      expect(under.asked().length).toBe(asked + 1);
    });
  });
}

describeCorrupted('opencode', openCodeUnderTest);
describe.skipIf(isMissing)(`Claude Code${because}`, () => describeCorrupted('claude-code', claudeUnderTest));
describe.skipIf(codexProgram() === undefined)('Codex', () => describeCorrupted('codex', codexUnderTest));

/** OpenCode says no status through ACP (1.18.33), so no refusal is known to be about what it was sent. */
describe('opencode acp and a session that its provider refuses:', () => {
  let under: AgentUnderTest;
  let agent: Agent;
  let turnOf: ReturnType<typeof workerOf>;
  forAllTests(acpUnderTest, (made, created) => {
    under = made;
    agent = created;
  });
  beforeAll(async () => {
    turnOf = workerOf('acp', agent, await configOf(under, 'acp'));
  });

  test('each prompt stays MODEL_FAILED with the words of the provider, and no fresh session is tried', async () => {
    const session = await openIn(agent, under);
    const first = await turnOf(session, 'Look [[bad: this picture is not to our taste]]');
    expect(first).toMatchObject({ status: 'failed', error: { code: 'MODEL_FAILED' } });
    expect(first.refused).toBeUndefined();
    const asked = under.asked().length;
    const second = await turnOf(session, 'And now?', { refused_before: '400 this picture is not to our taste' });
    expect(second).toMatchObject({ status: 'failed', error: { code: 'MODEL_FAILED' } });
    expect(second.error?.message).toContain('this picture is not to our taste');
    expect(under.asked().length).toBe(asked + 1);
  });
});
