/** What every agent has to keep while a tool prints nothing, and while nothing happens at all. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import type { AgentUnderTest } from './conformance.js';
import { forAllTests } from './for-all-tests.js';
import { never, runTurn, startTurn } from './run.js';
import { workOn, type WorkedOn } from './worked-on.js';

const STALL_MS = 4_000;
const TOOL = 'sleep 12';
const patiently = { timeout: 120_000, interval: 50 };

export interface Silent {
  /** Whether its sub-agents can be seen at work. */
  subAgents: boolean;
  /** Whether its turns go on while their worker is away. */
  reattaches: boolean;
}

export function describeSilence(name: string, make: () => Promise<AgentUnderTest>, can: Silent): void {
  describe(`${name}, silent:`, () => {
    let under: AgentUnderTest;
    let agent: Agent;
    forAllTests(make, (made, created) => {
      under = made;
      agent = created;
    });

    async function open(): Promise<SessionRef> {
      const seed = randomUUID();
      const opened = await agent.open({ seed, title: seed, cwd: under.cwd, model: under.model }, never);
      await runTurn(agent, { ...opened, cwd: under.cwd, model: under.model }, 'Start [[say: Well.]]');
      return { ...opened, cwd: under.cwd, model: under.model };
    }
    const stalled = async (turn: WorkedOn) => {
      const { status, error } = await turn.ended;
      expect({ status, code: error?.code }).toEqual({ status: 'failed', code: 'TURN_STALLED' });
      return error?.message ?? '';
    };

    const shows = (turn: WorkedOn, text: string) =>
      vi.waitFor(() => expect(turn.told.map(({ step = '' }) => step).join()).toContain(text), patiently);
    const isAsked = (text: string) =>
      vi.waitFor(() => expect(under.asked().map(({ asks }) => asks.at(-1))).toContain(text), patiently);
    const short = { stallTimeoutMs: STALL_MS };

    test('a tool that prints nothing for longer than the stall limit is waited for', async () => {
      const turn = workOn(agent, await open(), `Wait [[bash: ${TOOL}]] [[say: Waited.]]`);
      await shows(turn, TOOL);
      turn.limit(short);
      expect(await turn.ended).toMatchObject({ status: 'completed', reply: 'Waited.' });
    });

    test('a model that never answers is a stall, and the session takes the next prompt', async () => {
      const session = await open();
      const turn = workOn(agent, session, 'Hang [[hang]]');
      await isAsked('Hang [[hang]]');
      turn.limit(short);
      expect(await stalled(turn)).toMatch(/showed no progress for \d+ s \(since 20\S+Z\) and was stopped\./);
      expect((await runTurn(agent, session, 'Next [[say: Here.]]')).reply).toBe('Here.');
    });

    test('a tool that runs beyond its limit is a stall, and is named', async () => {
      const session = await open();
      const turn = workOn(agent, session, 'Too long [[bash: sleep 28]] [[say: Waited.]]');
      await shows(turn, 'sleep 28');
      turn.limit({ ...short, toolTimeoutMs: 2_000 });
      const message = await stalled(turn);
      expect(message).toContain('longer than its limit of 2 s (limits.toolTimeout)');
      expect(message).toContain('sleep 28');
      expect((await runTurn(agent, session, 'Next [[say: Here.]]')).reply).toBe('Here.');
    });

    test.runIf(can.subAgents)('the silent tool of a sub-agent is waited for', async () => {
      const prompt = `Delegate [[task: Wait {{bash: ${TOOL}}} {{say: Sub.}}]] [[say: They waited.]]`;
      const turn = workOn(agent, await open(), prompt);
      await shows(turn, `sub-agent: bash: ${TOOL}`);
      turn.limit(short);
      expect(await turn.ended).toMatchObject({ status: 'completed', reply: 'They waited.' });
    });

    test.runIf(can.subAgents)('a sub-agent whose model never answers is a stall', async () => {
      const turn = workOn(agent, await open(), 'Delegate [[task: Sub hangs {{hang}}]] [[say: They hung.]]');
      await isAsked('Sub hangs [[hang]]');
      turn.limit(short);
      await stalled(turn);
    });

    test.runIf(can.reattaches)(
      'a worker that takes a turn up in the middle of a silent tool waits for the tool',
      async () => {
        const session = await open();
        const prompt = 'Take over [[bash: sleep 18]] [[say: Waited.]]';
        const id = randomUUID();
        const turn = startTurn(agent, session, prompt, id);
        await vi.waitFor(() => expect(turn.progress.map(({ step }) => step)).toContain('bash: sleep 18'), {
          timeout: 60_000,
        });
        turn.detach();
        await turn.outcome.catch(() => undefined);
        const next = under.create();
        const again = workOn(next, session, prompt, { id });
        again.limit(short);
        expect(await again.ended).toMatchObject({ status: 'completed', reply: 'Waited.', recovered: 'reattached' });
        await next.close({ stop: false });
      },
    );
  });
}
