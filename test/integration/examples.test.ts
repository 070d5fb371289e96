/** The examples run as a person would run them, and say themselves whether what they claim is true. */
import { execa } from 'execa';
import { mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { processesOf } from '../support/processes.js';
import { startWorld } from '../support/world.js';

const run = (name: string, options: { cwd?: string; env: NodeJS.ProcessEnv }) =>
  execa(process.execPath, ['--import', import.meta.resolve('tsx'), fileURLToPath(new URL(`../../examples/${name}`, import.meta.url))], {
    ...options,
    reject: false,
    stdin: 'ignore',
    timeout: 110_000,
    killSignal: 'SIGINT',
    forceKillAfterDelay: false, // It is given the time to clear up.
  });

/** Stands in the environment of all that the example starts, because it makes its own directory there. */
let marker: string;
let env: NodeJS.ProcessEnv;
beforeEach(async () => {
  marker = await realpath(await mkdtemp(join(tmpdir(), 'continuity-examples-')));
  env = { TMPDIR: marker, TSX_DISABLE_CACHE: '1' };
});
afterEach(() => rm(marker, { recursive: true, force: true }));

describe('npm run demo', { timeout: 120_000 }, () => {
  test('tells its story, finds all its claims true, and leaves nothing', async () => {
    const demo = await run('demo.ts', { env });
    expect(demo.stdout, demo.stderr).toContain('✓ every prompt is in the agent’s own store exactly once');
    expect(demo.stdout).not.toContain('✗');
    expect(demo.exitCode).toBe(0);
    expect(processesOf(marker)).toEqual([]);
    expect(await readdir(marker)).toEqual([]);
  });

  test('leaves nothing when it is interrupted in mid-turn, twice as npm does it', async () => {
    const demo = run('demo.ts', { env });
    let told = '';
    demo.stderr.on('data', (data: Buffer) => (told += data.toString()));
    await expect.poll(() => told).toContain('dashboard ←');
    demo.kill('SIGINT');
    demo.kill('SIGINT');
    const { exitCode, stdout } = await demo;
    expect(stdout, told).toContain('✓ no process is left');
    expect(exitCode).toBe(130);
    expect(processesOf(marker)).toEqual([]);
    expect(await readdir(marker)).toEqual([]);
  });
});

test('ten-lines.ts: follow-ups by session id and by topic go on in their sessions, and the script ends by itself', async () => {
  const world = await startWorld();
  try {
    const temporal = { TEMPORAL_ADDRESS: world.address, TEMPORAL_NAMESPACE: 'default', TEMPORAL_CONFIG_FILE: join(marker, 'none.toml') };
    const { exitCode, stdout, stderr } = await run('ten-lines.ts', { cwd: world.dir, env: { ...env, ...temporal } });
    expect(exitCode, stderr).toBe(0);
    expect(stdout.split('\n')).toHaveLength(5);
    expect(stdout).toContain('turn 2 (resumed, completed)');
  } finally {
    await world.dispose();
  }
});
