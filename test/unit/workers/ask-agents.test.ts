import { afterEach, expect, it, vi } from 'vitest';
import type { Agent, AgentDescription } from '../../../src/agents/agent.js';
import type { HostAgents } from '../../../src/agents/kinds.js';
import type { AgentConfig, Config } from '../../../src/config.js';
import { failure } from '../../../src/contract/failures.js';
import { askAgents } from '../../../workers/ask-agents.js';

const notFound = { problem: failure('AGENT_NOT_FOUND', 'It is not on PATH.', 'Install it.'), install: 'npm i claude' };
const noLogin = { version: '1', program: '/a', problem: failure('AGENT_AUTH', 'It has no credentials.', 'Log in.') };

afterEach(() => vi.unstubAllEnvs());

interface Described {
  default: object;
  agents: Record<string, AgentDescription>;
}

async function described(said: AgentDescription, config: Partial<AgentConfig> = {}, defaultAgent?: string) {
  const agent = { name: 'claude-code', describe: () => Promise.resolve(said) } as Agent;
  const agents = { 'claude-code': { kind: 'claude-code' as const, ...config } };
  const whole = { ...(defaultAgent !== undefined && { defaultAgent }), agents } as unknown as Config;
  return (await askAgents(
    'describe',
    new Map([['claude-code', agent]]) as unknown as HostAgents,
    whole,
    () => undefined,
  )) as Described;
}

const describedAs = async (...args: Parameters<typeof described>) => (await described(...args)).agents;

it('an agent that is not installed is no problem, unless it is the default or config says something of it', async () => {
  expect(await describedAs(notFound, {}, 'opencode')).toEqual({
    'claude-code': { not_installed: true, install: 'npm i claude' },
  });
  expect(await describedAs(notFound, {}, 'claude-code')).toMatchObject({ 'claude-code': notFound });
  expect(await describedAs(notFound, { model: 'opus' }, 'opencode')).toMatchObject({ 'claude-code': notFound });
});

it('what is wrong with an agent that is not used is a note', async () => {
  const { 'claude-code': said } = await describedAs(noLogin, {}, 'opencode');
  expect(said).toMatchObject({ version: '1', note: 'Before you use it: It has no credentials. Log in.' });
  expect(said).not.toHaveProperty('problem');
  expect(await describedAs(noLogin, {}, 'claude-code')).toMatchObject({ 'claude-code': noLogin });
});

it('the default is what config says, or why there is none', async () => {
  expect(await described(noLogin, {}, 'opencode')).toMatchObject({ default: { name: 'opencode', because: 'config' } });
  vi.stubEnv('PATH', '/nowhere');
  expect(await described(notFound)).toMatchObject({ default: { problem: { code: 'AGENT_NOT_FOUND' } } });
});
