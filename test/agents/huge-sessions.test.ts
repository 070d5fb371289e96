/**
 * A look at a session of 2,000 messages of 50 KB each costs what it costs with 10: the real agents'
 * own stores, each made from a turn that the agent itself has stored.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import type { AgentDriver } from '../../src/agents/driver.js';
import type { PromptId } from '../../src/contract/ids.js';
import { codexProgram } from '../../scripted/isolated-codex.js';
import { fetchedClaude } from '../../scripted/isolated-claude.js';
import { claudeStage, codexStage, openCodeStage, type HugeStage } from './huge-session.js';
import { never, runTurn } from './run.js';

const FEW = 10;
const MANY = 2_000;
const KB = 1_000;
const MESSAGE_BYTES = 50 * KB;
/** A look reads the same at both sizes. The rest is what two measurements differ by. */
const AT_MOST = 3;
const TIMES = 15;
const ABSENT = 'not there' as PromptId;

const STAGES: Record<string, { isThere: boolean; make: () => Promise<HugeStage> }> = {
  OpenCode: { isThere: true, make: openCodeStage },
  'Claude Code': { isThere: fetchedClaude() !== undefined, make: claudeStage },
  Codex: { isThere: codexProgram() !== undefined, make: codexStage },
};

describe.each(Object.keys(STAGES))('%s', (name) => {
  const { isThere, make } = STAGES[name]!;
  describe.runIf(isThere)('with a huge session', () => {
    let stage: HugeStage;
    let agent: Agent;
    let driver: AgentDriver;
    beforeAll(async () => {
      stage = await make();
      ({ agent, driver } = stage);
    });
    afterAll(async () => {
      await agent?.close({ stop: true });
      await driver?.close({ stop: true });
      await stage?.dispose();
    });

    async function sessionOf(messages: number): Promise<SessionRef> {
      const opened = await agent.open({ seed: randomUUID(), title: 'Huge', cwd: stage.cwd, model: stage.model }, never);
      const session = { ...opened, cwd: stage.cwd, model: stage.model };
      await runTurn(agent, session, 'The first prompt [[say: The first reply.]]', 'first');
      await stage.grow(session, messages, MESSAGE_BYTES);
      return session;
    }

    async function firstLook(session: SessionRef): Promise<number> {
      await driver.connect(session);
      await driver.isBusy(session); // Codex loads the thread, however long that takes.
      const begun = performance.now();
      const sight = await driver.look(session, driver.keyOf(session, ABSENT));
      expect(sight).toMatchObject({ prompt: 'absent', busy: false });
      return performance.now() - begun;
    }

    test('a look, and the question whether it is busy, cost what they cost with a small one', async () => {
      const [few, many] = [await sessionOf(FEW), await sessionOf(MANY)];
      const first = [await firstLook(few), await firstLook(many)];
      const look = await inTurns([few, many], (session) => driver.look(session, driver.keyOf(session, ABSENT)));
      const isBusy = await inTurns([few, many], (session) => driver.isBusy(session));
      const words = Object.entries({ 'first look': first, look, isBusy }).map(
        ([what, times]) => `${what} ${ms(times)}`,
      );
      process.stdout.write(`${name}, ${FEW} and ${MANY} messages of ${MESSAGE_BYTES / KB} KB: ${words.join(', ')}\n`);
      expect(ratioOf(look)).toBeLessThanOrEqual(AT_MOST);
      expect(ratioOf(isBusy)).toBeLessThanOrEqual(AT_MOST);
    });

    test('a prompt long ago is found, with its text and its reply', async () => {
      const session = await sessionOf(100);
      await driver.connect(session);
      const sight = await driver.look(session, driver.keyOf(session, 'first' as PromptId));
      expect(sight).toMatchObject({
        prompt: 'present',
        text: 'The first prompt [[say: The first reply.]]',
        end: { status: 'completed' },
        superseded: true,
      });
      expect(sight?.said().reply).toBe('The first reply.');
    });
  });
});

/** The shortest of each, because what else the machine does only adds. One after the other, so that it meets both. */
async function inTurns(sessions: SessionRef[], work: (session: SessionRef) => Promise<unknown>): Promise<number[]> {
  const times = sessions.map((): number[] => []);
  for (let i = 0; i < TIMES; i += 1)
    for (const [at, session] of sessions.entries()) {
      const begun = performance.now();
      await work(session);
      times[at]!.push(performance.now() - begun);
    }
  return times.map((all) => Math.min(...all));
}

/** A shorter time is noise. */
const SHORTEST_MS = 2;
const ratioOf = ([few = 0, many = 0]: number[]) => Math.max(many, SHORTEST_MS) / Math.max(few, SHORTEST_MS);

const ms = (times: number[]) => times.map((time) => `${time.toFixed(1)} ms`).join(' and ');
