import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { checkDataDir, checkNode, checkProgram } from '../../../src/cli/doctor/machine.js';

let dir: string;
beforeEach(async () => (dir = await mkdtemp(join(tmpdir(), 'continuity-doctor-'))));
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true, force: true });
});

async function temporal(version: string): Promise<void> {
  const file = join(dir, 'temporal');
  await writeFile(file, `#!/bin/sh\necho "temporal version ${version} (Server 1.32.0, UI 2.50.1)"\n`);
  await chmod(file, 0o755);
  vi.stubEnv('TEMPORAL_CLI_PATH', file);
}

test('a temporal program that is too old is a problem that says what is supported, what was tried, and what to do', async () => {
  await temporal('1.2.0');
  const { ok, problem } = await checkProgram();
  expect([ok, problem?.code, problem?.message]).toEqual([
    false,
    'SETUP_INCOMPLETE',
    expect.stringMatching(/1\.2\.0 is not supported \(supported: 1\.4\.0 or later; tried: 1\.9\.1\)/),
  ]);
  expect(problem?.fix).toContain('continuity up');
});

test('a temporal program with a newer minor version is a note', async () => {
  await temporal('1.99.0');
  expect(await checkProgram()).toMatchObject({
    ok: true,
    detail: expect.stringContaining('1.99.0') as string,
    note: expect.stringContaining('tried: 1.9.1') as string,
  });
});

test('the temporal program that was tried is ok, with its version', async () => {
  await temporal('1.9.1');
  expect(await checkProgram()).toEqual({
    check: 'temporal program',
    ok: true,
    detail: `1.9.1, ${join(dir, 'temporal')} (TEMPORAL_CLI_PATH)`,
  });
});

test.each([
  ['18.20.0', false],
  ['20.11.1', false],
  ['20.12.0', true],
  ['22.3.0', true],
])('Node %s: ok is %s', (version, ok) => {
  expect(checkNode(version).ok).toBe(ok);
});

test('the data directory is found with the room that its disk has; little room is a note, none is a problem', async () => {
  expect(await checkDataDir(dir, { enough: 0, least: 0 })).toEqual({
    check: 'data directory',
    ok: true,
    detail: expect.stringMatching(/, \d+ [MG]B free$/) as string,
  });
  expect(await checkDataDir(dir, { enough: Infinity, least: 0 })).toMatchObject({
    ok: true,
    note: expect.stringMatching(/only \d+ [MG]B free/) as string,
  });
  expect(await checkDataDir(join(dir, 'new'), { enough: Infinity, least: 1e18 })).toMatchObject({
    ok: false,
    problem: {
      code: 'DATA_DIR_UNWRITABLE',
      message: expect.stringContaining('free, and') as string,
      fix: expect.stringContaining('Make room') as string,
    },
  });
});
