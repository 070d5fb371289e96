import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { keyOf } from '../../src/agents/opencode/read-session.js';
import { runTurn } from './run.js';
import { openCodeUnderTest } from './opencode-under-test.js';
import { describeLongWaits, describeUnreachable, describeUsageLimits, openIn } from './usage-limits.js';

const SPENT = {
  type: 'invalid_request_error',
  message: 'You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.',
};

describeUsageLimits('OpenCode', async () => ({
  ...(await openCodeUnderTest()),
  limit: (times) => `[[status: 400 ${times}]] [[body: ${JSON.stringify({ error: SPENT })}]]`,
  reset: '2026-12-01T00:00:00.000Z',
}));
describeLongWaits('OpenCode', async () => {
  const under = await openCodeUnderTest();
  return { ...under, notes: join(under.dataDir, 'agents', 'opencode'), key: keyOf, namesReset: true };
});
describeUnreachable('OpenCode', openCodeUnderTest);

test('OpenCode: a login takes effect in the server that runs', async () => {
  const under = await openCodeUnderTest();
  const agent = under.create();
  onTestFinished(async () => {
    await agent.close({ stop: true });
    await under.dispose();
  });
  // Without a key in the config, the key of the login counts.
  const config = join(under.dir, 'config', 'opencode', 'opencode.json');
  await writeFile(config, (await readFile(config, 'utf8')).replace(/,\s*"apiKey": "none"/, ''));
  const data = join(under.dir, 'data', 'opencode');
  await mkdir(data, { recursive: true });
  const logIn = (key: string) =>
    writeFile(join(data, 'auth.json'), JSON.stringify({ scripted: { type: 'api', key } }), { mode: 0o600 });
  await logIn('old');
  const session = await openIn(agent, under);
  const refused = { status: 'failed', error: { code: 'AGENT_AUTH' } };
  const prompt = 'Hello [[login: new]] [[say: Welcome.]]';
  expect(await runTurn(agent, session, prompt, 'before')).toMatchObject(refused);
  const { pid } = await under.server();
  await logIn('new');
  expect(await runTurn(agent, session, prompt, 'after')).toMatchObject({ status: 'completed', reply: 'Welcome.' });
  expect((await under.server()).pid).toBe(pid);
});

test('OpenCode: a sub-agent whose provider asks it to wait for hours has the turn cut off, and the turn goes on later', async () => {
  const under = await openCodeUnderTest();
  const agent = under.create();
  onTestFinished(async () => {
    await agent.close({ stop: true });
    await under.dispose();
  });
  const session = await openIn(agent, under);
  const prompt = 'Delegate [[task: Wait {{status: 429 1}} {{retry-after: 7200}} {{say: Sub.}}]] [[say: Done.]]';
  const parks = { may_be_parked: true } as const;
  const limited = await runTurn(agent, session, prompt, 'sub', parks);
  expect(limited).toMatchObject({ status: 'failed', error: { code: 'AGENT_RATE_LIMITED' } });
  expect(Date.parse(limited.until ?? '') - Date.now()).toBeGreaterThan(6_000_000);
  const done = await runTurn(agent, session, prompt, 'sub', { ...parks, goes_on: true });
  expect(done).toMatchObject({ status: 'completed', reply: 'Done.' });
  expect(await under.promptsIn(session)).toEqual([prompt]);
});
