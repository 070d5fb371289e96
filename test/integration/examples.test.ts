/**
 * The examples run as a person would run them, and say themselves whether what they claim is true.
 */
import { execa } from 'execa';
import { mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test as base } from 'vitest';
import { fetchedClaude } from '../../scripted/isolated-claude.js';
import { codexProgram } from '../../scripted/isolated-codex.js';
import { processesOf } from '../support/processes.js';
import { startWorld } from '../support/world.js';

/** `own`: where the example makes its files; stands in the environment of all that it starts. */
const test = base.extend<{ own: string }>({
  own: async ({}, use) => {
    const own = await realpath(await mkdtemp(join(tmpdir(), 'continuity-examples-')));
    await use(own);
    await rm(own, { recursive: true, force: true });
  },
});

const ONCE = 'every prompt is in the agent’s own store exactly once';
const LEFT = 'the turn that was cut off in the evening ended in the morning, by itself';

const isThere = (agent: string) =>
  agent === 'opencode' || (agent === 'codex' ? codexProgram() : fetchedClaude()) !== undefined;

const run = (
  name: string,
  own: string,
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
  words: readonly string[] = [],
) =>
  execa(
    process.execPath,
    [
      '--import',
      import.meta.resolve('tsx'),
      fileURLToPath(new URL(`../../examples/${name}`, import.meta.url)),
      ...words,
    ],
    {
      ...options,
      env: { TMPDIR: own, TSX_DISABLE_CACHE: '1', ...options.env },
      reject: false,
      stdin: 'ignore',
      timeout: 300_000,
      killSignal: 'SIGINT',
      forceKillAfterDelay: false, // It is given the time to clear up.
    },
  );

async function expectNothingLeft(own: string): Promise<void> {
  expect(processesOf(own)).toEqual([]);
  expect(await readdir(own)).toEqual([]);
}

describe('each example tells its story, finds all its claims true, and leaves nothing:', { timeout: 330_000 }, () => {
  test.for([
    ['demo.ts', 'opencode', ONCE],
    ['demo.ts', 'claude-code', ONCE],
    ['demo.ts', 'codex', ONCE],
    ['verification-loop.ts', 'opencode', 'each failure went to the same session, once'],
    ['orchestrator-over-mcp.ts', 'opencode', 'each follow-up knew what its own session had done'],
    ['feature-over-days.ts', 'opencode', LEFT],
    ['feature-over-days.ts', 'claude-code', LEFT],
    ['feature-over-days.ts', 'codex', LEFT],
  ] as const)('%s with %s', async ([name, agent, claim], { own, skip }) => {
    skip(!isThere(agent), `${agent} is not there; run: npm run agents:fetch`);
    const { stdout, stderr, exitCode } = await run(name, own, {}, ['--agent', agent]);
    expect(stdout, stderr).toContain(`✓ ${claim}`);
    expect(stdout).not.toContain('✗');
    expect(exitCode).toBe(0);
    await expectNothingLeft(own);
  });
});

test('the demo leaves nothing when it is interrupted in mid-turn, twice as npm does it', async ({ own }) => {
  const demo = run('demo.ts', own);
  let told = '';
  demo.stderr.on('data', (data: Buffer) => (told += data.toString()));
  await expect.poll(() => told).toContain('dashboard ←');
  demo.kill('SIGINT');
  demo.kill('SIGINT');
  const { exitCode, stdout } = await demo;
  expect(stdout, told).toContain('✓ no process is left');
  expect(exitCode).toBe(130);
  await expectNothingLeft(own);
});

test('ten-lines.ts: follow-ups by session id and by topic go on in their sessions, and the script ends by itself', async ({
  own,
}) => {
  const world = await startWorld();
  try {
    const temporal = {
      TEMPORAL_ADDRESS: world.address,
      TEMPORAL_NAMESPACE: 'default',
      TEMPORAL_CONFIG_FILE: join(own, 'none.toml'),
    };
    const { exitCode, stdout, stderr } = await run('ten-lines.ts', own, { cwd: world.dir, env: temporal });
    expect(exitCode, stderr).toBe(0);
    expect(stdout.split('\n')).toHaveLength(5);
    expect(stdout).toContain('turn 2 (resumed, completed)');
  } finally {
    await world.dispose();
  }
});
