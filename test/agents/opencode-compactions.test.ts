/** A person compacts a session of ours in OpenCode, while prompts of ours come. With the real OpenCode. */
import { expect, test, vi } from 'vitest';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import { forAllTests } from './for-all-tests.js';
import { openCodeUnderTest, type OpenCodeUnderTest } from './opencode-under-test.js';
import { runTurn } from './run.js';
import { openIn } from './usage-limits.js';

const patiently = { timeout: 60_000, interval: 10 };

let under: OpenCodeUnderTest;
let agent: Agent;
forAllTests(openCodeUnderTest, (made, created) => {
  under = made;
  agent = created;
});

/** @returns how the summary ended, once it has */
async function personCompacts(session: SessionRef, where: string): Promise<() => Promise<unknown>> {
  const since = under.requests().length;
  const client = await under.client(where);
  const place = { sessionID: session.session_id, directory: session.cwd };
  const over = client.session.summarize({ ...place, providerID: 'scripted', modelID: 'model', auto: false });
  over.catch(() => undefined);
  await vi.waitFor(() => expect(under.requests().length).toBe(since + 1), patiently);
  return async () => {
    await over;
    const { data = [] } = await client.session.messages(place);
    return data.flatMap(({ info }) => (info.role === 'assistant' && info.summary ? [info.error ?? info.finish] : []));
  };
}

test.each([
  ['in our server', 'continuity'],
  ['in an OpenCode of their own', 'theirs'],
])("a person's compaction %s is waited for: it is neither stopped nor removed", async (_, where) => {
  const theirs = where === 'theirs' ? under.create({ dataDir: `${under.dir}/theirs` }) : undefined;
  await theirs?.warm?.();
  const session = await openIn(agent, under);
  if (theirs) await openIn(theirs, under);
  await runTurn(agent, session, 'One [[summary: 3000]] [[say: One.]]');
  const ended = await personCompacts(session, where);
  const since = under.requests().length;
  const prompt = 'Two [[say: Two.]]';
  expect(await runTurn(agent, session, prompt, 'two')).toMatchObject({ status: 'completed', reply: 'Two.' });
  expect(await ended()).toEqual(['stop']);
  expect(under.requests().length - since).toBe(1);
  expect((await under.promptsIn(session)).filter((one) => one === prompt)).toHaveLength(1);
  await theirs?.close({ stop: true });
});

test('a provider that takes no request for hours ends the compaction before a prompt, and the prompt waits', async () => {
  const session = await openIn(agent, under);
  await runTurn(agent, session, 'One [[summary: spent model]] [[say: One.]]');
  const prompt = 'Two [[say: Two.]]';
  const more = { before_put: () => Promise.resolve('compact' as const), may_be_parked: true as const };
  const refused = await runTurn(agent, session, prompt, 'two', more);
  expect(refused).toMatchObject({ status: 'failed', error: { code: 'AGENT_RATE_LIMITED' }, until: expect.any(String) });
  expect(await under.promptsIn(session)).not.toContain(prompt);
  expect(await under.statusOf(session)).toBe('idle');
});
