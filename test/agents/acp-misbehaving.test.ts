/** Agents that do wrong what an ACP agent can do wrong: each is a real process. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import type { SessionRef } from '../../src/agents/agent.js';
import { createAgents } from '../../src/agents/kinds.js';
import type { AgentConfig } from '../../src/config.js';
import { createAcp } from '../support/acp-agent.js';
import { isRunning, processesOf } from '../support/processes.js';
import { agents, agentThat, begun, dir, env, open, PROGRAM, promptsPutIn, heard } from './acp-misbehaving-stage.js';
import { never, runTurn, startTurn } from './run.js';

const WORKER = fileURLToPath(new URL('../support/acp-worker.ts', import.meta.url));

const commandOf = (...does: string[]) => [process.execPath, PROGRAM, ...does];

test('a follow-up goes to the same session in a new process, and the replay of the turn before it is not its reply', async () => {
  const session = await begun();
  expect(await runTurn(agentThat('replays-late'), session, 'And now?')).toMatchObject({
    status: 'completed',
    reply: 'You said: And now?',
  });
});

test('an agent that takes up another session than the one that is asked for is a lost session, and nothing is put in', async () => {
  const session = await begun();
  const refused = runTurn(agentThat('other-session'), session, 'And now?');
  await expect(refused).rejects.toMatchObject({ failure: { code: 'SESSION_LOST' }, retryable: false });
  await expect(refused).rejects.toThrow(/took up session .* where .* was asked for/);
  expect(await promptsPutIn()).toEqual(['Hello']);
});

test('an agent that has loaded a session without what was said in it is a lost session, and nothing is put in', async () => {
  const refused = runTurn(agentThat('forgets'), await begun(), 'And now?');
  await expect(refused).rejects.toMatchObject({ failure: { code: 'SESSION_LOST' }, retryable: false });
  expect(await promptsPutIn()).toEqual(['Hello']);
});

test('an agent that can only resume goes on in the session, and has no transcript', async () => {
  const session = await begun();
  const agent = agentThat('resumes');
  expect(await runTurn(agent, session, 'And now?')).toMatchObject({ status: 'completed', reply: 'You said: And now?' });
  await expect(agent.transcript(session)).rejects.toMatchObject({ failure: { code: 'AGENT_UNSUPPORTED' } });
  const unknown = { ...session, session_id: 'nobody-knows' as SessionRef['session_id'] };
  expect(await runTurn(agent, unknown, 'Hello?')).toMatchObject({ status: 'failed', error: { code: 'SESSION_LOST' } });
});

test('an agent that dies in the middle of a prompt is OUTCOME_UNKNOWN with its last words, its children end, and the prompt is never put in again', async () => {
  const session = await begun();
  const agent = agentThat('dies');
  const id = randomUUID();
  const outcome = await runTurn(agent, session, 'Go', id);
  expect(outcome).toMatchObject({ status: 'failed', reply: 'I begin.', error: { code: 'OUTCOME_UNKNOWN' } });
  expect(outcome.error?.message).toMatch(/exit code 3\. It said: Segmentation fault/);
  expect(outcome.error?.fix).toMatch(/Open the session in the agent/);
  await vi.waitFor(() => expect(processesOf(dir)).toEqual([]), { timeout: 60_000 });
  expect(await runTurn(agentThat(), session, 'Go', id)).toMatchObject({
    status: 'failed',
    error: { code: 'OUTCOME_UNKNOWN' },
    recovered: 'harvested',
  });
  expect(await promptsPutIn()).toEqual(['Hello', 'Go']);
});

test('a worker that is killed in the middle of a prompt leaves nothing behind for long: the next one ends the agent, says OUTCOME_UNKNOWN, and the session takes the next prompt', async () => {
  const session = await begun();
  const id = randomUUID();
  const args = [join(dir, 'continuity'), JSON.stringify(session), id, ...commandOf('-hangs')];
  const worker = spawn(process.execPath, ['--import', 'tsx', WORKER, ...args], { env: env(), stdio: 'inherit' });
  await vi.waitFor(async () => expect(await promptsPutIn()).toEqual(['Hello', 'Go']), { timeout: 60_000 });
  worker.kill('SIGKILL');
  await vi.waitFor(() => expect(isRunning(worker.pid ?? 0)).toBe(false));
  expect(processesOf(dir).length).toBeGreaterThanOrEqual(2);

  const agent = agentThat();
  const outcome = await runTurn(agent, session, 'Go', id);
  expect(outcome).toMatchObject({ status: 'failed', error: { code: 'OUTCOME_UNKNOWN' } });
  expect(processesOf(dir)).toEqual([]);
  expect(await runTurn(agent, session, 'Next')).toMatchObject({ status: 'completed', reply: 'You said: Next' });
  expect(await promptsPutIn()).toEqual(['Hello', 'Go', 'Next']);
});

test('a worker that is stopped in the middle of a prompt ends its agent, and notes that it did', async () => {
  const session = await begun();
  const agent = agentThat('hangs');
  const id = randomUUID();
  const turn = startTurn(agent, session, 'Go', id);
  await vi.waitFor(async () => expect(await promptsPutIn()).toEqual(['Hello', 'Go']), { timeout: 60_000 });
  await agent.close({ stop: false });
  await expect(turn.outcome).rejects.toMatchObject({ retryable: true });
  expect(processesOf(dir)).toEqual([]);
  const outcome = await runTurn(agentThat(), session, 'Go', id);
  expect(outcome).toMatchObject({ status: 'failed', error: { code: 'OUTCOME_UNKNOWN' } });
  expect(outcome.error?.message).toContain('The worker was stopped in the middle of the turn');
});

test('an agent that never answers a cancel is killed with its children, the turn is cancelled, and the session takes the next prompt', async () => {
  const session = await begun();
  const agent = agentThat('hangs');
  const turn = startTurn(agent, session, 'Go');
  await vi.waitFor(async () => expect(await promptsPutIn()).toEqual(['Hello', 'Go']), { timeout: 60_000 });
  await agent.cancel(session, never);
  expect(await turn.outcome).toMatchObject({ status: 'cancelled', reply: 'I think.', error: { code: 'CANCELLED' } });
  await vi.waitFor(() => expect(processesOf(dir)).toEqual([]), { timeout: 60_000 });
  expect(await runTurn(agentThat(), session, 'Next')).toMatchObject({ status: 'completed', reply: 'You said: Next' });
});

test('garbage between the messages is passed over', async () => {
  const agent = agentThat('garbage');
  const session = await open(agent);
  expect(await runTurn(agent, session, 'Hello')).toMatchObject({ status: 'completed', reply: 'You said: Hello' });
  expect(await runTurn(agent, session, 'Again')).toMatchObject({ status: 'completed', reply: 'You said: Again' });
});

test('a program that speaks no ACP at all is AGENT_UNSUPPORTED with its first words, and the fix names the command', async () => {
  const refused = open(agentThat('only-garbage'));
  await expect(refused).rejects.toMatchObject({ failure: { code: 'AGENT_UNSUPPORTED' }, retryable: false });
  await expect(refused).rejects.toThrow(/did not answer initialize.*Its output began with: Usage: agent/);
  await expect(refused).rejects.toMatchObject({
    failure: { fix: expect.stringContaining('agents.<name>.command') as string },
  });
});

test('an agent that ends as it starts is started again, because its store may have been locked', async () => {
  const agent = agentThat('exits-once');
  const session = await open(agent);
  expect(await runTurn(agent, session, 'Hello')).toMatchObject({ status: 'completed', reply: 'You said: Hello' });
});

test('an agent that ends before it can be used is told with its exit code and its last words, and started three times at most', async () => {
  const refused = open(agentThat('exits'));
  await expect(refused).rejects.toMatchObject({ failure: { code: 'AGENT_CRASHED' }, retryable: false });
  await expect(refused).rejects.toThrow(/exit code 1\. No API key was found/);
  expect(await heard()).toEqual(['exits', 'exits', 'exits']);
});

test.each([
  ['newer', 'AGENT_UNSUPPORTED', /speaks version 2 of ACP, and 1 is needed/],
  ['cannot-load', 'AGENT_UNSUPPORTED', /can neither load nor resume a session/],
  ['logged-out', 'AGENT_AUTH', /is not logged in/],
])('an agent that is %s is refused as %s before anything is put in', async (does, code, message) => {
  const refused = open(agentThat(does));
  await expect(refused).rejects.toMatchObject({ failure: { code }, retryable: false });
  await expect(refused).rejects.toThrow(message);
});

test('how to log in is said in the words of the agent', async () => {
  await expect(open(agentThat('logged-out'))).rejects.toMatchObject({
    failure: { fix: expect.stringContaining('It offers: Type /login') as string },
  });
});

test('a command that is not there is AGENT_NOT_FOUND', async () => {
  const [agent] = createAcp({ folder: join(dir, 'continuity'), command: ['not-there-at-all', '--acp'], env: env() });
  agents.push(agent);
  await expect(open(agent)).rejects.toMatchObject({ failure: { code: 'AGENT_NOT_FOUND' }, retryable: false });
});

test('an answer of 3 MB in one line is a whole reply', async () => {
  const agent = agentThat('big');
  const { reply, status } = await runTurn(agent, await open(agent), 'Much');
  expect([status, reply.length]).toEqual(['completed', 3 * 1024 * 1024]);
});

test.each([
  ['odd', 'MODEL_FAILED', /a reason that is not known here: bored/],
  ['mute', 'OUTCOME_UNKNOWN', /did not say how/],
])('a turn whose end is %s is %s', async (does, code, message) => {
  const agent = agentThat(does);
  const { status, error } = await runTurn(agent, await open(agent), 'Go');
  expect([status, error?.code]).toEqual(['failed', code]);
  expect(error?.message).toMatch(message);
});

test('doctor is told the name and version that the agent gives, and no session is opened for that', async () => {
  const said = await agentThat().describe();
  expect(said).toMatchObject({ version: 'misbehaving 1.2.3', store: 'acp:node misbehaving-acp-agent.mjs' });
  expect(said.problem).toBeUndefined();
  expect(await agentThat('only-garbage').describe()).toMatchObject({ problem: { code: 'AGENT_UNSUPPORTED' } });
});

test('two agents that number their sessions alike each get their own prompts', async () => {
  const agentOf = (word: string): AgentConfig => ({ kind: 'acp', command: [process.execPath, PROGRAM, word] });
  const both = createAgents(
    { agents: { one: agentOf('numbers-one'), two: agentOf('numbers-two') }, dataDir: join(dir, 'data') },
    { log: () => undefined, env: env() },
  );
  agents.push(...both.values());
  const sessions = await Promise.all(
    [...both].map(async ([name, agent]) => ({ name, agent, session: await open(agent) })),
  );
  expect(new Set(sessions.map(({ session }) => session.session_id)).size).toBe(1);
  for (const prompt of ['Hello', 'And now?'])
    await Promise.all(
      sessions.map(async ({ name, agent, session }) =>
        expect(await runTurn(agent, session, prompt)).toMatchObject({ reply: `numbers-${name} heard: ${prompt}` }),
      ),
    );
});
