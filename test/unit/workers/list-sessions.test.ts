/** What `continuity sessions` tells of the agents' stores. */
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AgentError, type Agent, type StoredSession } from '../../../src/agents/agent.js';
import type { Config } from '../../../src/config.js';
import type { SessionsQuestion } from '../../../src/contract/agent-session.js';
import { failure, type FailureCode } from '../../../src/contract/failures.js';
import type { SessionId } from '../../../src/contract/ids.js';
import { listSessions } from '../../../workers/list-sessions.js';

const dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-list-sessions-')));
beforeAll(async () => {
  for (const name of ['shop/.git', 'shop/src', 'site']) await mkdir(join(dir, name), { recursive: true });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const session = (id: string, cwd: string, day: number): StoredSession => ({
  session_id: id as SessionId,
  cwd: join(dir, cwd),
  updated_at: `2026-11-0${day}T00:00:00.000Z`,
  first_prompt: `Prompt of ${id}`,
});
const agentOf = (...stored: StoredSession[]) => ({ sessions: () => Promise.resolve(stored) }) as unknown as Agent;
const failing = (code: FailureCode) =>
  ({ sessions: () => Promise.reject(new AgentError(failure(code, `As ${code}.`), false)) }) as unknown as Agent;

const mine = session('a', 'shop', 1);
const agents = new Map<string, Agent>([
  ['plan', agentOf(mine, session('b', 'shop/src', 3))],
  ['opencode', agentOf(mine)],
  ['codex', agentOf(session('c', 'site', 2), session('d', 'gone', 4))],
  ['acp', {} as Agent],
]);
const list = (question: SessionsQuestion, of = agents) =>
  listSessions(question, of, { defaultAgent: 'opencode' } as Config);
const idsOf = ({ sessions }: Awaited<ReturnType<typeof list>>) => sessions.map(({ session_id }) => session_id);

test('all agents are asked, the newest session comes first, and one that two names share is told once, by the default one', async () => {
  const all = await list({});
  expect(idsOf(all)).toEqual(['d', 'b', 'c', 'a']);
  expect(all.sessions.at(-1)).toEqual({ ...mine, agent: 'opencode', project: join(dir, 'shop') });
});

test('of a project they are those in any of its directories', async () => {
  expect(idsOf(await list({ project: join(dir, 'shop') }))).toEqual(['b', 'a']);
  expect(idsOf(await list({ project: join(dir, 'shop'), agent: 'codex' }))).toEqual([]);
});

test('where there are more than were asked for, it is said how many', async () => {
  const some = await list({ limit: 1 });
  expect(idsOf(some)).toEqual(['d']);
  expect(some.more).toBe(3);
});

test('an agent that cannot tell hides no other, and one that is not installed is no problem', async () => {
  const of = new Map([['opencode', failing('AGENT_CRASHED')], ['claude-code', failing('AGENT_NOT_FOUND')], ...agents]);
  of.set('opencode', failing('AGENT_CRASHED'));
  const { problems, sessions } = await list({}, of);
  expect(problems).toMatchObject([{ agent: 'opencode', error: { code: 'AGENT_CRASHED' } }]);
  expect(sessions).toHaveLength(4);
  of.set('opencode', { sessions: () => Promise.reject(new Error('EACCES: permission denied')) } as unknown as Agent);
  expect(await list({}, of)).toMatchObject({
    problems: [
      { agent: 'opencode', error: { code: 'INTERNAL', message: expect.stringContaining('EACCES') as string } },
    ],
    sessions: [{}, {}, {}, {}],
  });
});

test('an agent that is not known is refused with the names there are', async () => {
  await expect(list({ agent: 'gemini' })).rejects.toMatchObject({
    code: 'AGENT_UNKNOWN',
    message: expect.stringContaining('opencode, codex') as string,
  });
});
