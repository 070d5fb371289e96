import { expect, it } from 'vitest';
import { withoutTrust } from '../../../src/config/needs-trust.js';

it('what an agent may do without asking applies only with trust', () => {
  const said = { agents: { 'claude-code': { model: 'opus', permissionMode: 'bypassPermissions' as const } } };
  expect(withoutTrust(said)).toEqual({
    content: { agents: { 'claude-code': { model: 'opus' } } },
    withheld: ['agents.claude-code.permissionMode'],
  });
});
