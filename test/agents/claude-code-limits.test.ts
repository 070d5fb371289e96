import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { isNudge } from '../../src/agents/claude-code/ids.js';
import { sessionFileOf } from '../../src/agents/claude-code/store.js';
import { because, isMissing } from './claude-code-stage.js';
import { claudeUnderTest } from './claude-code-under-test.js';
import { runTurn, startTurn } from './run.js';
import { describeUnreachable, describeUsageLimits, openIn } from './usage-limits.js';

const RESET = Math.floor(Date.now() / 1000) + 3 * 60 * 60;
const HEADERS = {
  'anthropic-ratelimit-unified-status': 'rejected',
  'anthropic-ratelimit-unified-reset': String(RESET),
  'anthropic-ratelimit-unified-representative-claim': 'five_hour',
  'x-should-retry': 'false',
};

/** Claude Code, logged in with a subscription. */
const subscriber = async () => ({
  ...(await claudeUnderTest({ ANTHROPIC_API_KEY: '', CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-none' })),
  model: 'claude-sonnet-4-5',
  limit: (times: number) => `[[status: 429 ${times}]] [[headers: ${JSON.stringify(HEADERS)}]]`,
  reset: new Date(RESET * 1000).toISOString(),
});

describe.skipIf(isMissing)(`Claude Code${because}`, () => {
  describeUsageLimits('Claude Code', subscriber);
  describeUnreachable('Claude Code', claudeUnderTest);

  test('a turn goes on after a weekly limit, without a message of ours', async () => {
    const under = await subscriber();
    const agent = under.create();
    onTestFinished(async () => {
      await agent.close({ stop: true });
      await under.dispose();
    });
    const session = await openIn(agent, under);
    const prompt = `Week ${under.limit(1)} [[say: At last.]]`;
    expect(await runTurn(agent, session, prompt, 'week')).toMatchObject({ error: { code: 'AGENT_RATE_LIMITED' } });
    const file = await sessionFileOf(under.home.store, session);
    const ago = new Date(Date.now() - 7 * 24 * 60 * 60 * 1000).toISOString();
    await writeFile(file, (await readFile(file, 'utf8')).replace(/"timestamp":"[^"]+"/g, `"timestamp":"${ago}"`));
    expect(await runTurn(agent, session, prompt, 'week', { goes_on: true })).toMatchObject({
      status: 'completed',
      reply: 'At last.',
    });
    expect(await under.promptsIn(session)).toEqual([prompt]);
    expect((await under.rowsIn(session)).filter(({ uuid }) => isNudge(uuid))).toEqual([]);
  });

  test('a turn that was interrupted while it waited for its provider goes on by a message of ours, which is no prompt', async () => {
    const under = await claudeUnderTest();
    const agent = under.create();
    onTestFinished(async () => {
      await agent.close({ stop: true });
      await under.dispose();
    });
    const session = await openIn(agent, under);
    const prompt = 'Interrupted [[bash: echo ran >> interrupted]] [[slow: 3000]] [[say: Well.]]';
    const turn = startTurn(agent, session, prompt, 'interrupted');
    await vi.waitFor(() => expect(under.asked()).toHaveLength(2), { timeout: 60_000, interval: 50 });
    process.kill(under.pidIn(session) as number, 'SIGINT');
    expect(await turn.outcome).toMatchObject({ status: 'cancelled' });
    expect(await runTurn(agent, session, prompt, 'interrupted', { goes_on: true })).toMatchObject({
      status: 'completed',
      reply: 'Well.',
    });
    expect(await under.promptsIn(session)).toEqual([prompt]);
    expect((await readFile(join(under.cwd, 'interrupted'), 'utf8')).trim()).toBe('ran');
  });
});
