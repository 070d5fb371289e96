/** Agents that would harm more than their own turn: the next reply, their session, or their worker. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { processesOf } from '../support/processes.js';
import { actorThat, agentThat, begun, dir, open, promptsPutIn } from './acp-misbehaving-stage.js';
import { beginTurn } from './asking-turn.js';
import { runTurn } from './run.js';

test('a replay that comes late and with pauses is waited for, and no piece of it is in the next reply', async () => {
  const session = await begun();
  expect(await runTurn(agentThat('replays-slowly'), session, 'And now?')).toMatchObject({
    status: 'completed',
    reply: 'You said: And now?',
  });
});

test('an agent that cannot load a session for want of something else has not lost it', async () => {
  const session = await begun();
  const refused = runTurn(agentThat('misses'), session, 'And now?');
  await expect(refused).rejects.toMatchObject({ failure: { code: 'AGENT_CRASHED' }, retryable: true });
  await expect(refused).rejects.toThrow(/did not load session .*settings\.json/);
  expect(await runTurn(agentThat(), session, 'And now?')).toMatchObject({ status: 'completed' });
  expect(await promptsPutIn()).toEqual(['Hello', 'And now?']);
});

test.each([
  ['long-id', /has 5000 characters/],
  ['odd-id', /begins with "a\\nb"/],
])('a session whose id cannot be used (%s) is refused, and the id is told', async (does, message) => {
  const refused = open(agentThat(does));
  await expect(refused).rejects.toMatchObject({ failure: { code: 'AGENT_UNSUPPORTED' }, retryable: false });
  await expect(refused).rejects.toThrow(message);
});

test(
  'an agent that dies while its child holds its output open has ended all the same',
  { timeout: 30_000 },
  async () => {
    const session = await begun();
    const outcome = await runTurn(agentThat('held'), session, 'Go');
    expect(outcome).toMatchObject({ status: 'failed', reply: 'I begin.', error: { code: 'OUTCOME_UNKNOWN' } });
    expect(outcome.error?.message).toContain('exit code 3');
    await vi.waitFor(() => expect(processesOf(dir)).toEqual([]), { timeout: 10_000 });
    expect(await runTurn(agentThat(), session, 'Next')).toMatchObject({ status: 'completed', reply: 'You said: Next' });
  },
);

test('an agent that asks, closes its input and goes on to print is ended once it is answered, and harms no worker', async () => {
  const session = await begun();
  const turn = await beginTurn(actorThat(['deaf']).driver, session, 'Go');
  await turn.answer(await turn.asked(), 'deny');
  expect(await turn.ended()).toMatchObject({ error: { code: 'OUTCOME_UNKNOWN' } });
  await vi.waitFor(() => expect(processesOf(dir)).toEqual([]), { timeout: 10_000 });
  expect(await runTurn(agentThat(), session, 'Next')).toMatchObject({ status: 'completed', reply: 'You said: Next' });
});

test('an answer in 100,000 pieces is a whole reply, and takes seconds', { timeout: 60_000 }, async () => {
  const agent = agentThat('floods');
  const session = await open(agent);
  const began = performance.now();
  const { reply, status } = await runTurn(agent, session, 'Much');
  expect([status, reply.length]).toEqual(['completed', 1_000_000]);
  expect(performance.now() - began).toBeLessThan(30_000);
});

test('what agents write to their standard error fills no disk', async () => {
  const agent = agentThat('chatty');
  for (const prompt of ['One', 'Two']) await runTurn(agent, await open(agent), prompt);
  await agent.close({ stop: true });
  const logs = join(dir, 'continuity');
  const sizes = await Promise.all(
    (await readdir(logs))
      .filter((name) => name.includes('.log'))
      .map(async (name) => (await stat(join(logs, name))).size),
  );
  expect(sizes.length).toBeGreaterThan(0);
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(12 * 1024 * 1024);
});
