/** A stage for tests of agents that do wrong what an ACP agent can do wrong: each is a real process. */
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect } from 'vitest';
import type { Timing } from '../../src/agents/acp/home.js';
import type { Agent, OpenedSession, SessionRef } from '../../src/agents/agent.js';
import type { AgentDriver } from '../../src/agents/driver.js';
import { createAcp } from '../support/acp-agent.js';
import { processesOf } from '../support/processes.js';
import { never, runTurn } from './run.js';

export const PROGRAM = fileURLToPath(new URL('../support/misbehaving-acp-agent.mjs', import.meta.url));

/** Of the test that runs. */
export let dir: string;
export let cwd: string;
/** They are closed after the test. */
export let agents: Agent[];

beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-acp-')));
  cwd = join(dir, 'work');
  await mkdir(cwd);
  agents = [];
});

afterEach(async () => {
  await Promise.all(agents.map((agent) => agent.close({ stop: true })));
  expect(processesOf(dir)).toEqual([]);
  await rm(dir, { recursive: true, force: true });
});

export const env = () => ({ ...(process.env as Record<string, string>), ACP_STORE: dir });

export const agentThat = (...does: string[]): Agent => actorThat(does).agent;

/** An agent, and its driver. */
export function actorThat(does: string[], timing: Partial<Timing> = {}): { agent: Agent; driver: AgentDriver } {
  const folder = join(dir, 'continuity');
  // Its store is that of all of these agents.
  const command = [process.execPath, PROGRAM, ...does.map((one) => `-${one}`)];
  const [agent, , driver] = createAcp({
    folder,
    command,
    env: env(),
    timing: { startsWithinMs: 20_000, stopsWithinMs: 500, ...timing },
  });
  agents.push(agent);
  return { agent, driver };
}

/** What the agents of this test heard from their clients, in order. */
export const heard = () => linesOf('heard');
/** A line for each permission that they asked for. */
export const permissionsAsked = () => linesOf('asked');

export async function open(agent: Agent): Promise<SessionRef> {
  const opened: OpenedSession = await agent.open({ seed: randomUUID(), title: 'Test', cwd }, never);
  return { ...opened, cwd };
}

/** A session of which a good agent, that has gone since, knows one turn. */
export async function begun(): Promise<SessionRef> {
  const good = agentThat();
  const session = await open(good);
  expect(await runTurn(good, session, 'Hello')).toMatchObject({ status: 'completed', reply: 'You said: Hello' });
  await good.close({ stop: true });
  return session;
}

export async function promptsPutIn(): Promise<string[]> {
  return (await linesOf('prompts')).map((line) => (JSON.parse(line) as { asked: string }).asked);
}

async function linesOf(file: string): Promise<string[]> {
  const text = await readFile(join(dir, file), 'utf8').catch(() => ''); // ENOENT: none.
  return text.split('\n').filter(Boolean);
}
