import { expect, test } from 'vitest';
import { createAgents } from '../../../src/agents/kinds.js';

const context = { log: () => undefined, env: { PATH: '', HOME: '/nowhere' } };

test('each name in the config is an agent, and making them starts nothing', async () => {
  const path = '/not/there/opencode';
  const agents = createAgents(
    {
      dataDir: '/nowhere/continuity',
      agents: { build: { kind: 'opencode', path }, plan: { kind: 'opencode', path, mode: 'plan' } },
    },
    context,
  );
  expect([...agents.keys()]).toEqual(['build', 'plan']);
  expect([...agents.values()].map(({ name }) => name)).toEqual(['build', 'plan']);
  expect((await agents.get('plan')?.describe())?.store).toBe('/nowhere/.local/share/opencode/opencode.db');
});

test('two programs for one data directory are refused, and both names are told', () => {
  const agents = {
    one: { kind: 'opencode' as const, path: '/a/opencode' },
    two: { kind: 'opencode' as const, path: '/b/opencode' },
  };
  expect(() => createAgents({ dataDir: '/nowhere', agents }, context)).toThrow(/one and two/);
});
