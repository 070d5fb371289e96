/** A provider that is overloaded, or whose answer breaks off, is asked again within the turn, and whoever watches sees it. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import type { AgentUnderTest } from './conformance.js';
import { forAllTests } from './for-all-tests.js';
import { never } from './run.js';
import { workOn } from './worked-on.js';

export interface Troubled {
  /** The status with which its provider says that it is overloaded. */
  overloaded: number;
  /** How often, until the agent tells it. */
  times: number;
  /** How often an answer breaks off, so that the wait for the last try is longer than a watcher's look. */
  cuts: number;
  /** Whether it says when it asks again. */
  saysWhen: boolean;
  /** Whether it says at all that it asks again: of an overloaded provider, and of an answer that breaks off. */
  tells: { overloaded: boolean; cut: boolean };
  /** Whether it says that an answer began anew. Otherwise what was heard of the first one is part of the reply. */
  beginsAnew: boolean;
}

export function describeShortTrouble(name: string, make: () => Promise<AgentUnderTest>, is: Troubled): void {
  describe(`${name} and short trouble of its provider:`, () => {
    let under: AgentUnderTest;
    let agent: Agent;
    forAllTests(make, (made, created) => {
      under = made;
      agent = created;
    });

    async function open(): Promise<SessionRef> {
      const seed = randomUUID();
      const opened = await agent.open({ seed, title: seed, cwd: under.cwd, model: under.model }, never);
      return { ...opened, cwd: under.cwd, model: under.model };
    }
    const said = is.saysWhen
      ? /^the provider is asked again at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ: ./
      : /^the provider is asked again: ./;

    test('an overloaded provider', async () => {
      const session = await open();
      const prompt = `Busy [[status: ${is.overloaded} ${is.times}]] [[say: Well.]]`;
      const turn = workOn(agent, session, prompt);
      expect(await turn.ended).toMatchObject({ status: 'completed', reply: 'Well.' });
      const steps = turn.told.map(({ step = '' }) => step).filter((step) => said.test(step));
      expect(steps.length > 0).toBe(is.tells.overloaded);
      expect(await under.promptsIn(session)).toEqual([prompt]);
    });

    test('an answer that breaks off', async () => {
      const session = await open();
      const words = Array.from({ length: 30 }, (_, i) => `word${i}`).join(' ');
      const prompt = `Cut [[stream: 600]] [[cut: ${is.cuts}]] [[say: ${words}]]`;
      const turn = workOn(agent, session, prompt);
      const { status, reply } = await turn.ended;
      expect(status).toBe('completed');
      if (is.beginsAnew) expect(reply).toBe(words);
      else expect(reply).toMatch(new RegExp(`^[word\\d ]*${words}$`));
      const steps = turn.told.map(({ step = '' }) => step).filter((step) => said.test(step));
      expect(steps.length > 0).toBe(is.tells.cut);
      expect(await under.promptsIn(session)).toEqual([prompt]);
    });
  });
}
