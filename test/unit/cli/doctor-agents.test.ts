import { expect, test } from 'vitest';
import { findingsOf } from '../../../src/cli/doctor/agents.js';
import { failure } from '../../../src/contract/failures.js';

const CLAUDE = {
  version: '2.1.331',
  support: 'supported, tried',
  program: '/bin/claude',
  store: '/home/ada/.claude/projects',
  credentials: 'ANTHROPIC_API_KEY',
  install: 'npm i claude',
};

test('doctor says which agent is the default and why, with its version, place and login', () => {
  const findings = findingsOf({
    default: { name: 'claude-code', because: 'installed' },
    agents: { 'claude-code': CLAUDE, codex: { not_installed: true, install: 'npm i codex' } },
  });
  expect(findings.map(({ check, ok, detail }) => [check, ok, detail])).toEqual([
    ['default agent', true, 'claude-code: it is installed here, and config names none'],
    [
      'agent claude-code',
      true,
      '2.1.331 (supported, tried), /bin/claude, store /home/ada/.claude/projects, credentials: ANTHROPIC_API_KEY',
    ],
    ['agents not installed', true, 'codex (npm i codex)'],
  ]);
  expect(findings[1]?.agent).toEqual({ default: true, ...CLAUDE });
});

test('what an agent lacks is a problem with the command, and what was found of it is still shown', () => {
  const problem = failure('AGENT_AUTH', 'Claude Code has no credentials.', 'Log in: start claude and type /login');
  const [, found] = findingsOf({
    default: { name: 'claude-code', because: 'config' },
    agents: { 'claude-code': { ...CLAUDE, credentials: 'none found', problem } },
  });
  expect(found).toMatchObject({ ok: false, problem, agent: { version: '2.1.331', credentials: 'none found' } });
  expect(found?.detail).toContain('Claude Code has no credentials. 2.1.331 (supported, tried), /bin/claude');
});

test('without any agent there is one problem, and no line for each', () => {
  const problem = failure('AGENT_NOT_FOUND', 'No agent is installed on this host.', 'Install one of them.');
  expect(
    findingsOf({ default: { problem }, agents: { codex: { not_installed: true }, opencode: { not_installed: true } } }),
  ).toEqual([{ check: 'default agent', ok: false, detail: problem.message, problem }]);
});
