/**
 * A turn is over when its work is: with the real OpenCode, a plug-in that starts sub-agents in the
 * background, and OpenCode's own background sub-agents.
 */
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import { openCodeUnderTest, type OpenCodeUnderTest } from './opencode-under-test.js';
import { never, runTurn, startTurn, type RunningTurn } from './run.js';

const PLUGIN = pathToFileURL('test/support/background-plugin.mjs').href;
const WAITS = 'I am waiting for the background agents.';
const patiently = { timeout: 60_000, interval: 50 };

let under: OpenCodeUnderTest;
let agent: Agent;
let seeds = 0;
/** A worker's agent. */
const create = () =>
  under.create({ env: { ...process.env, ...under.env, OPENCODE_EXPERIMENTAL_BACKGROUND_SUBAGENTS: 'true' } });
beforeAll(async () => {
  under = await openCodeUnderTest({ plugin: [PLUGIN] });
  agent = create();
});
afterAll(async () => {
  await agent?.close({ stop: true });
  await under?.dispose();
});

async function open(): Promise<SessionRef> {
  const opened = await agent.open(
    { seed: `seed ${++seeds}`, title: `Topic ${seeds}`, cwd: under.cwd, model: under.model },
    never,
  );
  return { ...opened, model: under.model, cwd: under.cwd };
}

/** A call whose input has directives of its own. */
function call(tool: string, input: object): string {
  const json = JSON.stringify(input).replaceAll('[[', '\\u005b[').replaceAll(']]', '\\u005d]');
  return `[[tool: ${tool} ${json}]]`;
}
const starts = (prompt: string, word: string) => call('background_task', { prompt, word });
const steps = (turn: RunningTurn) => turn.progress.flatMap(({ step }) => step ?? []);
const isAsked = (text: string) =>
  vi.waitFor(() => expect(under.asked().some(({ asks }) => asks.at(-1)?.includes(text))).toBe(true), patiently);
const hasSaid = (session: SessionRef, text: string) =>
  vi.waitFor(async () => expect(await under.repliesIn(session)).toContain(text), patiently);

describe('Sub-agents that a plug-in has started in the background', () => {
  test('belong to the turn, and so does the answer to what the plug-in says at their end', async () => {
    const session = await open();
    const word = 'All background tasks are complete. [[say: Both are fine.]]';
    const prompt = `Look at both ${starts('One [[slow: 2000]] [[say: 1]]', word)} ${starts('Two [[slow: 5000]] [[bash: echo two]] [[say: 2]]', word)} [[say: ${WAITS}]]`;
    const turn = startTurn(agent, session, prompt, 'both');
    const outcome = await turn.outcome;
    expect(outcome).toMatchObject({ status: 'completed', reply: 'Both are fine.' });
    expect(await under.repliesIn(session)).toContain(WAITS);
    expect(await under.promptsIn(session)).toHaveLength(3);
    expect(steps(turn).some((step) => step.startsWith('waits for 2 background agents'))).toBe(true);
    expect(steps(turn).some((step) => step.startsWith('waits for a background agent'))).toBe(true);
    // Both calls, the waiting, and the answer at the end.
    const asked = under.asked().filter(({ asks }) => asks[0]?.startsWith('Look at both'));
    expect(asked).toHaveLength(4);
    expect(outcome.usage?.output_tokens).toBeGreaterThan(0);

    // A person goes on in the session. That is not the turn's.
    const client = await under.client();
    await client.session.prompt({
      sessionID: session.session_id,
      directory: under.cwd,
      parts: [{ type: 'text', text: 'And the third? [[say: There is none.]]' }],
    });
    const again = await runTurn(agent, session, prompt, 'both');
    expect(again).toMatchObject({ status: 'completed', reply: 'Both are fine.', recovered: 'harvested' });
    expect(again.usage).toEqual(outcome.usage);
    expect(await runTurn(agent, session, 'Thanks [[say: Gladly.]]')).toMatchObject({ reply: 'Gladly.' });
  });

  test('are found by the next worker', async () => {
    const session = await open();
    const prompt = `Hand it over ${starts('Handed over [[slow: 4000]] [[say: 1]]', 'All done. [[say: It is fine.]]')} [[say: ${WAITS}]]`;
    const turn = startTurn(agent, session, prompt, 'over');
    await hasSaid(session, WAITS);
    turn.detach();
    await expect(turn.outcome).rejects.toThrow('detached');
    const next = create();
    expect(await runTurn(next, session, prompt, 'over')).toMatchObject({
      status: 'completed',
      reply: 'It is fine.',
      recovered: 'reattached',
    });
    await next.close({ stop: false });
  });

  test('are stopped with the turn', async () => {
    const session = await open();
    const prompt = `Stop all ${starts('Never ends [[bash: sleep 300]]', 'All done.')} [[say: ${WAITS}]]`;
    const turn = startTurn(agent, session, prompt, 'stop');
    await hasSaid(session, WAITS);
    await isAsked('Never ends');
    await agent.cancel(session, never);
    expect(await turn.outcome).toMatchObject({ status: 'cancelled' });
    expect(await under.notIdle()).toEqual({});
    // The plug-in has told the agent of the end, and the agent was stopped again.
    expect(await under.promptsIn(session)).toEqual([prompt, 'All done.']);
    expect(await runTurn(agent, session, 'Next [[say: Gone on.]]')).toMatchObject({ reply: 'Gone on.' });
  });

  test('hold the turn a while only, if the plug-in says nothing at their end', async () => {
    const session = await open();
    const prompt = `Silent ${starts('Silent one [[slow: 1000]] [[say: 1]]', '')} [[say: ${WAITS}]]`;
    expect(await runTurn(agent, session, prompt)).toMatchObject({ status: 'completed', reply: WAITS });
  });

  test('end with their server, and the turn says so', async () => {
    const session = await open();
    const prompt = `Crash ${starts('Cut off [[bash: sleep 300]]', 'All done.')} [[say: ${WAITS}]]`;
    const turn = startTurn(agent, session, prompt, 'crash');
    await hasSaid(session, WAITS);
    await isAsked('Cut off');
    await under.kill();
    const outcome = await turn.outcome;
    expect(outcome).toMatchObject({ status: 'failed', reply: WAITS, error: { code: 'AGENT_CRASHED' } });
    expect(outcome.error?.message).toContain('A sub-agent of session');
    expect(await runTurn(agent, session, 'Without it [[say: Done alone.]]')).toMatchObject({ reply: 'Done alone.' });
  });
});

test('what a plug-in says right after the answer, because tasks are open, belongs to the turn', async () => {
  const session = await open();
  const todos = [{ content: 'Second', status: 'pending', priority: 'high' }];
  const outcome = await runTurn(
    agent,
    session,
    `Two tasks ${call('todowrite', { todos })} [[say: The first is done.]]`,
  );
  expect(await under.repliesIn(session)).toContain('The first is done.');
  expect(outcome).toMatchObject({ status: 'completed', reply: 'All tasks are done.' });
});

test("OpenCode's own sub-agents in the background belong to the turn, which ends with the answer to their result", async () => {
  const session = await open();
  const input = { description: 'a task', prompt: 'Native [[slow: 3000]] [[say: 42.]]', subagent_type: 'general' };
  const turn = startTurn(agent, session, `By itself ${call('task', { ...input, background: true })} [[say: ${WAITS}]]`);
  const outcome = await turn.outcome;
  expect(await under.repliesIn(session)).toContain(WAITS);
  expect(outcome).toMatchObject({ status: 'completed' });
  expect(outcome.reply).toContain('42.');
  expect(steps(turn).some((step) => step.startsWith('waits for a background agent'))).toBe(true);
});

test('a sub-agent that its agent waits for holds the turn no longer than its call', async () => {
  const session = await open();
  const started = performance.now();
  const prompt = 'In the foreground [[task: Quick {{say: 1}}]] [[say: Done.]]';
  expect(await runTurn(agent, session, prompt)).toMatchObject({ status: 'completed', reply: 'Done.' });
  expect(performance.now() - started).toBeLessThan(10_000);
});
