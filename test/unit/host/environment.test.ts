/** What the processes of agents and checks really have in their environment. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { runCheck } from '../../../src/activities/check-command.js';
import { createAgents } from '../../../src/agents/kinds.js';

const dir = mkdtempSync(join(tmpdir(), 'continuity-environment-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const WORKERS_ALONE = {
  TEMPORAL_API_KEY: 'secret',
  TEMPORAL_TLS_CLIENT_KEY_DATA: 'secret',
  npm_lifecycle_event: 'start',
  npm_config_production: 'true',
  NODE_ENV: 'production',
  OPENCODE: '1',
  OPENCODE_PID: '1',
  OPENCODE_SERVER_PASSWORD: 'of another server',
  CLAUDECODE: '1',
  CLAUDE_CODE_SESSION_ID: 'x',
  CODEX_THREAD_ID: 'x',
  CONTINUITY_AGENT: 'of the agent that started the worker',
  GIT_DIR: '/elsewhere/.git',
  NOTIFY_SOCKET: '/run/notify',
};
const USERS_OWN = {
  ANTHROPIC_API_KEY: 'key',
  AWS_PROFILE: 'work',
  https_proxy: 'http://proxy',
  NPM_CONFIG_REGISTRY: 'http://registry',
  GIT_AUTHOR_NAME: 'Ada',
  OPENCODE_CONFIG: '/a/config',
  OPENCODE_DISABLE_AUTOUPDATE: '1',
  JAVA_HOME: '/jvm',
  A_NAME_OF_THE_USERS_OWN: 'x',
};

beforeEach(() =>
  Object.entries({ ...WORKERS_ALONE, ...USERS_OWN }).forEach(([name, value]) => vi.stubEnv(name, value)),
);
afterEach(() => void vi.unstubAllEnvs());

async function environmentOfCheck(): Promise<Record<string, string>> {
  const ended = await runCheck(
    { run: 'env' },
    { cwd: dir, marker: 'mark', signal: new AbortController().signal, onOutput: () => undefined },
  );
  return parsed(ended.output ?? '');
}

/** A program in the place of OpenCode says what it was started with. */
async function environmentOfAgent(): Promise<Record<string, string>> {
  const program = join(dir, 'opencode');
  writeFileSync(
    program,
    `#!/bin/sh\n[ "$1" = --version ] && echo 1.18.33 && exit\nenv > ${dir}/seen.new; mv ${dir}/seen.new ${dir}/seen; exec sleep 1\n`,
  );
  chmodSync(program, 0o700);
  const config = { dataDir: join(dir, 'data'), agents: { opencode: { kind: 'opencode', path: program } } } as const;
  const agent = createAgents(config, { log: () => undefined }).get('opencode');
  const stop = new AbortController();
  const opening = agent?.open({ seed: 's', title: 't', cwd: dir }, stop.signal).catch(() => undefined);
  const seen = await vi.waitFor(() => readFileSync(join(dir, 'seen'), 'utf8'), { timeout: 20_000 });
  stop.abort(new Error('seen'));
  void opening;
  return parsed(seen);
}

const parsed = (text: string) =>
  Object.fromEntries(
    text.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  ) as Record<string, string>;

describe('a check', () => {
  test('has what the user has set, and nothing of the worker’s own', async () => {
    const env = await environmentOfCheck();
    expect(env).toMatchObject({ ...USERS_OWN, PATH: process.env.PATH, CONTINUITY_CHECK: 'mark' });
    expect(Object.keys(env).filter((name) => name in WORKERS_ALONE)).toEqual([]);
  });

  test('has what the owner of the worker passes on purpose', async () => {
    vi.stubEnv('CONTINUITY_PASS_ENV', 'NODE_ENV, TEMPORAL_ADDRESS');
    const env = await environmentOfCheck();
    expect(env).toMatchObject({ NODE_ENV: 'production' });
    expect(env).not.toHaveProperty('TEMPORAL_API_KEY');
    expect(env).not.toHaveProperty('CONTINUITY_PASS_ENV');
  });
});

test('an agent has what the user has set, its own password and mark, and nothing of the worker’s own', async () => {
  const env = await environmentOfAgent();
  expect(env).toMatchObject({ ...USERS_OWN, CONTINUITY_AGENT: expect.stringMatching(/^[0-9a-f]{32}$/) as string });
  expect(env['OPENCODE_SERVER_PASSWORD']).not.toBe(WORKERS_ALONE.OPENCODE_SERVER_PASSWORD);
  const own = ['CONTINUITY_AGENT', 'OPENCODE_SERVER_PASSWORD'];
  expect(Object.keys(env).filter((name) => name in WORKERS_ALONE && !own.includes(name))).toEqual([]);
}, 40_000);
