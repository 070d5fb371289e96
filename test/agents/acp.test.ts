import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import { acpUnderTest, type AcpUnderTest } from './acp-under-test.js';
import { describeAgentConformance } from './conformance.js';
import { never, runTurn, startTurn } from './run.js';

const NOT_TOLD =
  'OpenCode 1.18.33 answers session/load for it with an internal error, as for a store that it cannot read; an agent that says it is gone is tested in acp-misbehaving';

describe('A real ACP agent', () => {
  describeAgentConformance('opencode acp', acpUnderTest, {
    skips: {
      'a turn ends with one outcome, which has the reply, the model and the usage':
        "usage: 'none', ACP tells no usage of a turn; the reply and the model are tested below",
      'a killed agent goes on with the turn, and the prompt is in the session once':
        'promptIds: false, such a turn is OUTCOME_UNKNOWN, which is tested below',
      'an answer that was cut off by its limit or by a filter is REPLY_CUT_OFF, and the session goes on':
        'OpenCode answers end_turn; the stop reasons of ACP are tested in unit/agents/acp',
      'a session that is gone is SESSION_LOST, and no new one takes its place': NOT_TOLD,
      'the conversation of a session that is not there is SESSION_LOST': NOT_TOLD,
      'a session is found in the store, with its directory, its model and its first prompt':
        'the driver has no find: ACP reads no store',
    },
  });
});

describe('opencode acp', () => {
  let under: AcpUnderTest;
  let agent: Agent;
  beforeAll(async () => {
    under = await acpUnderTest();
    agent = under.create();
  });
  afterAll(async () => {
    await agent.close({ stop: true });
    await under.dispose();
  });

  async function open(): Promise<SessionRef> {
    const opened = await agent.open({ seed: randomUUID(), title: 'Test', cwd: under.cwd, model: under.model }, never);
    return { ...opened, model: under.model, cwd: under.cwd };
  }

  test('a turn ends with one outcome, which has the reply and the model', async () => {
    const outcome = await runTurn(agent, await open(), 'Say hello [[say: Hello.]]');
    expect(outcome).toEqual({
      status: 'completed',
      reply: 'Hello.',
      reply_parts: ['Hello.'],
      model: under.model,
      context: { at: expect.any(String), tokens: expect.any(Number) },
    });
  });

  test('a killed agent leaves its turn OUTCOME_UNKNOWN, the prompt is in the session once, and the session takes the next one', async () => {
    const session = await open();
    const prompt = 'Survive [[hang]]';
    const id = randomUUID();
    const turn = startTurn(agent, session, prompt, id);
    await vi.waitFor(() => expect(under.asked().at(-1)?.asks.at(-1)).toContain('Survive'), { timeout: 60_000 });
    await under.kill();
    expect(await turn.outcome).toMatchObject({ status: 'failed', error: { code: 'OUTCOME_UNKNOWN' } });
    expect(await runTurn(agent, session, prompt, id)).toMatchObject({ error: { code: 'OUTCOME_UNKNOWN' } });
    expect(await under.promptsIn(session)).toEqual([prompt]);
    expect(await runTurn(agent, session, 'And now? [[say: Well.]]')).toMatchObject({
      status: 'completed',
      reply: 'Well.',
    });
  });
});
