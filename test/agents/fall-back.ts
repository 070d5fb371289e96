/**
 * A turn whose model cannot answer goes on with another one: the whole activity, with the real
 * agent. The provider refuses one model, and answers the other.
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { runTurn } from '../../src/activities/run-turn.js';
import type { RunTurnInput, RunTurnOutput } from '../../src/activities/types.js';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import { loadConfig, type Config } from '../../src/config.js';
import { activityContext } from '../support/activity-context.js';
import type { AgentUnderTest } from './conformance.js';
import { forAllTests } from './for-all-tests.js';
import { openIn } from './usage-limits.js';

/** As a worker with this config runs a turn of a topic. */
export function workerOf(name: string, agent: Agent, config: Config) {
  const context = activityContext({ config, agents: new Map([[name, agent]]), host: 'host' });
  return async (session: SessionRef, prompt: string, more: Partial<RunTurnInput> = {}): Promise<RunTurnOutput> => {
    const { session_id, ...pinned } = session;
    const input = {
      ...{ topic: 'topic', turn: 1, prompt_id: randomUUID(), prompt, session_id, waits: true },
      pinned: { agent: name, kind: name, project: 'project', host: 'host', ...pinned },
      ...more,
    } as RunTurnInput;
    return new MockActivityEnvironment().run(() => runTurn(input, context));
  };
}

export async function configOf(under: AgentUnderTest, name: Config['agents'][string]['kind'], more: object = {}) {
  const config = await loadConfig({ cwd: under.cwd, dataDir: join(under.cwd, 'data'), env: { HOME: under.cwd } });
  return { ...config, agents: { ...config.agents, [name]: { kind: name, ...more } } };
}

export function describeFallBack(
  name: 'opencode' | 'claude-code' | 'codex',
  make: () => Promise<AgentUnderTest>,
): void {
  describe(`${name} and a model that cannot answer:`, () => {
    let under: AgentUnderTest;
    let agent: Agent;
    let turnOf: ReturnType<typeof workerOf>;
    forAllTests(make, (made, created) => {
      under = made;
      agent = created;
    });
    /** Each test has a worker that knows nothing of the models yet. */
    beforeEach(async () => {
      turnOf = workerOf(name, agent, await configOf(under, name, { fallbackModels: [under.otherModel] }));
    });
    const ownName = () => under.model.split('/').at(-1) ?? '';
    const otherName = () => under.otherModel.split('/').at(-1) ?? '';
    const modelsAsked = (text: string) =>
      under.asked().flatMap(({ asks, model }) => (asks.at(-1)?.startsWith(text) ? [model] : []));

    test.each(['gone', 'spent'])(
      'the same turn goes on with the next one when it is %s, where it was, and its prompt stands once',
      async (why) => {
        const session = await openIn(agent, under);
        await turnOf(session, 'Before [[say: Before.]]');
        const prompt = `It is ${why} [[bash: echo ran >> ${why}]] [[${why}: ${ownName()}]] [[say: Done.]]`;
        const outcome = await turnOf(session, prompt);
        expect(outcome).toMatchObject({
          ...{ status: 'completed', reply: 'Done.', fell_back_from: under.model },
          model: under.otherModel,
        });
        expect(outcome.waits).toBeUndefined();
        expect(await under.promptsIn(session)).toEqual(['Before [[say: Before.]]', prompt]);
        expect(modelsAsked(`It is ${why}`).at(-1)).toBe(otherName());
        expect((await readFile(join(under.cwd, why), 'utf8')).trim()).toBe('ran');
        // It is known by now, and no request is wasted.
        const before = under.asked().length;
        const next = await turnOf(session, `After ${why}`);
        expect(next).toMatchObject({ status: 'completed', fell_back_from: under.model, model: under.otherModel });
        expect(next.reply).toContain('You asked before: "Before"');
        expect(
          under
            .asked()
            .slice(before)
            .map(({ model }) => model),
        ).toEqual([otherName()]);
      },
    );

    test('a model that the prompt names is not replaced: MODEL_UNKNOWN, and the session goes on', async () => {
      const session = await openIn(agent, under);
      const outcome = await turnOf(session, `Just this [[gone: ${ownName()}]]`, { keeps_model: true });
      expect(outcome).toMatchObject({ status: 'failed', error: { code: 'MODEL_UNKNOWN' } });
      expect(outcome.fell_back_from).toBeUndefined();
      expect(await turnOf(session, 'Well? [[say: Well.]]')).toMatchObject({ status: 'completed', reply: 'Well.' });
    });

    test('when no model is left, the turn waits for the limit that is over first, with its prompt in the session once', async () => {
      const session = await openIn(agent, under);
      const prompt = `All are away [[gone: ${ownName()}]] [[spent: ${otherName()}]]`;
      const outcome = await turnOf(session, prompt);
      expect(outcome).toMatchObject({
        ...{ status: 'failed', error: { code: 'AGENT_RATE_LIMITED' }, waits: { for: 'quota' } },
        fell_back_from: under.model,
      });
      expect(await under.promptsIn(session)).toEqual([prompt]);
    });
  });
}
