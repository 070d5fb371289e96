/** An ACP agent that says the status of a refusal: a session that its provider refuses is found by that. */
import { expect, test } from 'vitest';
import { agentThat, cwd, open } from './acp-misbehaving-stage.js';
import { workerOf } from './fall-back.js';
import { loadConfig } from '../../src/config.js';

test('the second prompt that is refused so is SESSION_CORRUPTED, if a fresh session answers', async () => {
  const agent = agentThat('refuses-bad');
  const config = await loadConfig({ cwd, dataDir: `${cwd}/data`, env: { HOME: cwd } });
  const turnOf = workerOf('acp', agent, { ...config, agents: { acp: { kind: 'acp' } } });
  const session = await open(agent);
  expect(await turnOf(session, 'Fine')).toMatchObject({ status: 'completed' });
  const first = await turnOf(session, 'Look [bad]');
  expect(first).toMatchObject({ status: 'failed', error: { code: 'MODEL_FAILED' }, guarantee: 'at_most_once_unknown' });
  expect(first.refused).toMatch(/^400 .*This picture is not to our taste/);
  const second = await turnOf(session, 'And now?', { refused_before: first.refused ?? '' });
  expect(second).toMatchObject({ error: { code: 'SESSION_CORRUPTED' }, refused: first.refused });
  expect(second.error?.message).toContain('This picture is not to our taste');
});
