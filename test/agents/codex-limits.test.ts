import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { keyOf } from '../../src/agents/codex/ids.js';
import { codexProgram } from '../../scripted/isolated-codex.js';
import { codexUnderTest } from './codex-under-test.js';
import { runTurn, startTurn } from './run.js';
import { describeLongWaits, describeUnreachable, describeUsageLimits, openIn } from './usage-limits.js';

const RESET = Math.floor(Date.now() / 1000) + 3 * 60 * 60;
const HEADERS = {
  'x-codex-primary-used-percent': '100',
  'x-codex-primary-window-minutes': '300',
  'x-codex-primary-reset-at': String(RESET),
};
const BODY = { error: { type: 'usage_limit_reached', message: 'Limit', plan_type: 'plus', resets_at: RESET } };

describe.runIf(codexProgram() !== undefined)(
  'Codex (skipped where node scripts/fetch-agents.mjs codex was not run)',
  () => {
    describeUsageLimits('Codex', async () => ({
      ...(await codexUnderTest()),
      limit: (times) =>
        `[[status: 429 ${times}]] [[headers: ${JSON.stringify(HEADERS)}]] [[body: ${JSON.stringify(BODY)}]]`,
      reset: new Date(RESET * 1000).toISOString(),
    }));
    describeLongWaits('Codex', async () => {
      const under = await codexUnderTest();
      return { ...under, notes: join(under.dataDir, 'agents', 'codex'), key: keyOf, namesReset: false };
    });
    describeUnreachable('Codex', codexUnderTest);

    test('Codex: a login takes effect without a restart of the worker', async () => {
      const under = await codexUnderTest();
      const agent = under.create();
      onTestFinished(async () => {
        await agent.close({ stop: true });
        await under.dispose();
      });
      const home = `${under.env['CODEX_HOME']}`;
      const config = join(home, 'config.toml');
      const text = await readFile(config, 'utf8');
      await writeFile(config, text.replace(/(wire_api = .*)/, '$1\nrequires_openai_auth = true'));
      const logIn = (OPENAI_API_KEY: string) =>
        writeFile(join(home, 'auth.json'), JSON.stringify({ auth_mode: 'apikey', OPENAI_API_KEY }), { mode: 0o600 });
      await logIn('old');
      const session = await openIn(agent, under);
      const prompt = 'Hello [[login: new]] [[say: Welcome.]]';
      const refused = { status: 'failed', error: { code: 'AGENT_AUTH' } };
      expect(await runTurn(agent, session, prompt, 'before')).toMatchObject(refused);
      const other = await openIn(agent, under);
      const running = startTurn(agent, other, 'At work [[slow: 4000]] [[say: Worked.]]', 'running');
      await vi.waitFor(() => expect(under.asked().at(-1)?.asks.at(-1)).toContain('At work'), { timeout: 30_000 });
      await logIn('new');
      expect(await runTurn(agent, session, prompt, 'while another works')).toMatchObject(refused);
      expect(await running.outcome).toMatchObject({ status: 'completed', reply: 'Worked.' });
      expect(await runTurn(agent, session, prompt, 'after')).toMatchObject({ status: 'completed', reply: 'Welcome.' });
    });
  },
);
