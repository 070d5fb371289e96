/** What every agent with prompt ids has to keep when its provider refuses. */
import { randomUUID } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import type { PromptId } from '../../src/contract/ids.js';
import type { AgentDriver } from '../../src/agents/driver.js';
import type { AgentUnderTest } from './conformance.js';
import { forAllTests } from './for-all-tests.js';
import { never, runTurn, startTurn } from './run.js';

export interface LimitedAgent extends AgentUnderTest {
  /** Refuses so many requests as a provider does whose usage limit ends at `reset`, without a request more. */
  limit(times: number): string;
  /** ISO 8601. */
  reset?: string;
}

const LIMITED = { status: 'failed', error: { code: 'AGENT_RATE_LIMITED' } };
const goesOn = { goes_on: true } as const;
const patiently = { timeout: 60_000, interval: 50 };

export async function openIn(agent: Agent, { cwd, model }: AgentUnderTest): Promise<SessionRef> {
  const seed = randomUUID();
  return { ...(await agent.open({ seed, title: 'Limited', cwd, model }, never)), cwd, model };
}

export function describeUsageLimits(name: string, make: () => Promise<LimitedAgent>): void {
  describe(`${name} and a provider that refuses:`, () => {
    let under: LimitedAgent;
    let agent: Agent;
    forAllTests(make, (made, created) => {
      under = made;
      agent = created;
    });
    const asksFor = (text: string) => under.asked().filter(({ asks }) => asks.at(-1)?.startsWith(text));
    const linesIn = async (file: string) => (await readFile(join(under.cwd, file), 'utf8')).split('\n').length - 1;

    test('a turn that a usage limit ended goes on where it was once the limit is over, and its prompt stands once', async () => {
      const session = await openIn(agent, under);
      const prompt = `Limited [[bash: echo ran >> limited]] ${under.limit(2)} [[say: Done.]]`;
      const first = await runTurn(agent, session, prompt, 'limited');
      expect(first).toMatchObject(LIMITED);
      expect(first.until).toBe(under.reset);
      const second = await runTurn(agent, session, prompt, 'limited', goesOn);
      expect(second).toMatchObject(LIMITED);
      expect(second.recovered).toBeUndefined();
      await under.kill();
      expect(await runTurn(under.create(), session, prompt, 'limited', goesOn)).toMatchObject({
        status: 'completed',
        reply: 'Done.',
      });
      expect(await under.promptsIn(session)).toEqual([prompt]);
      expect(asksFor('Limited').map(({ asks }) => asks)).toEqual(asksFor('Limited').map(() => [prompt]));
      expect(await linesIn('limited')).toBe(1);
      const next = await runTurn(agent, session, 'And then?');
      expect(next.reply).toBe('You asked before: "Limited". Now: "And then?".');
    });

    test('an agent that is killed while its turn goes on after a limit goes on again', async () => {
      const session = await openIn(agent, under);
      const prompt = `Killed [[bash: echo ran >> killed]] [[slow: 3000]] ${under.limit(1)} [[say: Done.]]`;
      expect(await runTurn(agent, session, prompt, 'killed')).toMatchObject(LIMITED);
      const before = asksFor('Killed').length;
      const turn = startTurn(agent, session, prompt, 'killed', goesOn);
      await vi.waitFor(() => expect(asksFor('Killed').length).toBeGreaterThan(before), patiently);
      await under.kill();
      expect(await turn.outcome).toMatchObject({ status: 'completed', reply: 'Done.' });
      expect(await under.promptsIn(session)).toEqual([prompt]);
      expect(await linesIn('killed')).toBe(1);
    });
  });
}

/**
 * `notes`: the folder with the notes of prompts. `key`: under which key a prompt is noted.
 * `namesReset`: whether the agent says when it asks again.
 */
export function describeLongWaits(
  name: string,
  make: () => Promise<AgentUnderTest & { notes: string; key: AgentDriver['keyOf']; namesReset: boolean }>,
): void {
  describe(`${name} and a provider that asks it to wait for hours:`, () => {
    let under: Awaited<ReturnType<typeof make>>;
    let agent: Agent;
    forAllTests(make, (made, created) => {
      under = made;
      agent = created;
    });
    const parks = { may_be_parked: true } as const;

    test('the turn is cut off, also when it has gone on once, and goes on later as the same turn', async () => {
      const session = await openIn(agent, under);
      const prompt = 'Wait [[bash: echo ran >> waited]] [[status: 429 2]] [[retry-after: 7200]] [[say: Well.]]';
      expect(await runTurn(agent, session, prompt, 'wait', parks)).toMatchObject(LIMITED);
      const again = await runTurn(agent, session, prompt, 'wait', { ...parks, ...goesOn });
      expect(again).toMatchObject(LIMITED);
      if (under.namesReset) expect(Date.parse(again.until ?? '') - Date.now()).toBeGreaterThan(6_000_000);
      else expect(again.until).toBeUndefined();
      const last = await runTurn(agent, session, prompt, 'wait', { ...parks, ...goesOn });
      expect(last).toMatchObject({ status: 'completed', reply: 'Well.' });
      expect(await under.promptsIn(session)).toEqual([prompt]);
      expect((await readFile(join(under.cwd, 'waited'), 'utf8')).trim()).toBe('ran');
    });

    test('a worker that dies between the cut and the report leaves a turn that is reported as limited', async () => {
      const session = await openIn(agent, under);
      const prompt = 'Cut [[status: 429 1]] [[retry-after: 7200]] [[say: Well.]]';
      const turn = startTurn(agent, session, prompt, 'cut', parks);
      const note = join(under.notes, 'parked', under.key(session, 'cut' as PromptId));
      await vi.waitFor(() => access(note), { timeout: 120_000, interval: 5 });
      turn.detach();
      await turn.outcome.catch(() => undefined); // It may have been reported a moment before.
      const next = under.create();
      onTestFinished(() => next.close({ stop: false }));
      expect(await runTurn(next, session, prompt, 'cut', parks)).toMatchObject(LIMITED);
      expect(await runTurn(next, session, prompt, 'cut', { ...parks, ...goesOn })).toMatchObject({
        status: 'completed',
        reply: 'Well.',
      });
      expect(await under.promptsIn(session)).toEqual([prompt]);
    });
  });
}

/** A provider that cannot be reached is no trouble of the model. */
export function describeUnreachable(name: string, make: () => Promise<AgentUnderTest>): void {
  test(`${name}: a provider that does not answer at all is PROVIDER_UNREACHABLE, and the prompt stands once`, async () => {
    const under = await make();
    const agent = under.create();
    onTestFinished(async () => {
      await agent.close({ stop: true });
      await under.dispose();
    });
    const session = await openIn(agent, under);
    await under.stopProvider?.();
    // Codex waits for the network by itself, for ever, and is cut off.
    const outcome = await runTurn(agent, session, 'Anyone there?', 'unreachable', { may_be_parked: true });
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'PROVIDER_UNREACHABLE' } });
    expect(await under.promptsIn(session)).toEqual(['Anyone there?']);
  });
}
