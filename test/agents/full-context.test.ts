/**
 * A conversation that does not fit the model any more: the whole activity, with the real agents. They
 * compact, and say so; where that is in vain, the session is full.
 */
import { describe, expect, test } from 'vitest';
import type { Agent } from '../../src/agents/agent.js';
import { codexProgram } from '../../scripted/isolated-codex.js';
import { because, isMissing } from './claude-code-stage.js';
import { claudeUnderTest } from './claude-code-under-test.js';
import { codexUnderTest } from './codex-under-test.js';
import type { AgentUnderTest } from './conformance.js';
import { forAllTests } from './for-all-tests.js';
import { configOf, workerOf } from './fall-back.js';
import { openCodeUnderTest } from './opencode-under-test.js';
import { startTurn } from './run.js';
import { openIn } from './usage-limits.js';

function describeFull(name: 'opencode' | 'claude-code' | 'codex', make: () => Promise<AgentUnderTest>): void {
  describe(`${name} and a full context:`, () => {
    let under: AgentUnderTest;
    let agent: Agent;
    forAllTests(make, (made, created) => {
      under = made;
      agent = created;
    });

    test('the turn goes on once the conversation is compacted, and says so', async () => {
      const turnOf = workerOf(name, agent, await configOf(under, name));
      const session = await openIn(agent, under);
      expect(await turnOf(session, 'Before [[say: Before.]]')).not.toHaveProperty('compacted');
      const outcome = await turnOf(session, 'Full [[overflow: 1]]');
      expect(outcome).toMatchObject({ status: 'completed', compacted: 1 });
      expect(outcome).not.toHaveProperty('loss');
      const next = await turnOf(session, 'And now? [[say: Well.]]');
      expect(next).toMatchObject({ status: 'completed', reply: 'Well.' });
      expect(next).not.toHaveProperty('compacted');
    });

    test('a compaction is told while the turn works', async () => {
      const session = await openIn(agent, under);
      await startTurn(agent, session, 'Before [[say: Before.]]').outcome;
      const first = startTurn(agent, session, 'Full [[overflow: 1]] [[summary: 1500]]', 'full');
      await first.outcome;
      const second = startTurn(agent, session, 'Full [[overflow: 1]] [[summary: 1500]]', 'full', { goes_on: true });
      await second.outcome;
      const steps = [...first.progress, ...second.progress].map(({ step }) => step);
      expect(steps).toContain('compacts the conversation');
    });

    // Codex leaves out the oldest of a conversation until its summary fits (0.169.0), so it is never full here.
    test.skipIf(name === 'codex')(
      'a session that cannot be compacted is full, and by onFull it is replaced',
      async () => {
        const config = await configOf(under, name);
        const session = await openIn(agent, under);
        const full = { status: 'failed', error: { code: 'CONTEXT_OVERFLOW' } };
        const replaced = await workerOf(name, agent, config)(session, 'Full [[overflow: always]]');
        expect(replaced).toMatchObject({ ...full, loss: 'full' });
        const stays = await workerOf(name, agent, { ...config, onFull: 'fail' })(session, 'Again [[overflow: always]]');
        expect(stays).toMatchObject(full);
        expect(stays).not.toHaveProperty('loss');
      },
    );
  });
}

describeFull('opencode', openCodeUnderTest);
describe.skipIf(isMissing)(`Claude Code${because}`, () => describeFull('claude-code', claudeUnderTest));
describe.skipIf(codexProgram() === undefined)('Codex', () => describeFull('codex', codexUnderTest));
