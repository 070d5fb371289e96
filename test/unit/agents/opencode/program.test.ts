import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { arch, platform, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findProgram } from '../../../../src/agents/opencode/program.js';
import { versionOf } from '../../../../src/agents/opencode/version.js';

let dir: string;
beforeEach(async () => (dir = await mkdtemp(join(tmpdir(), 'continuity-program-'))));
afterEach(() => rm(dir, { recursive: true, force: true }));

async function program(path: string, content = '#!/bin/sh\n'): Promise<string> {
  const file = join(dir, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  await chmod(file, 0o755);
  return file;
}

test('the path in the config is taken, and nothing else', async () => {
  const named = await program('my/opencode');
  await program('bin/opencode');
  expect(await findProgram(named, { PATH: join(dir, 'bin') })).toBe(named);
});

test('without one it is the first on PATH', async () => {
  const second = await program('second/opencode');
  expect(await findProgram(undefined, { PATH: `${join(dir, 'first')}:${join(dir, 'second')}` })).toBe(second);
});

test("npm's wrapper that cannot run stands for the program of this platform", async () => {
  const stub = await program('node_modules/opencode-ai/bin/opencode.exe', 'echo "postinstall was not run"\n');
  const real = await program(`node_modules/opencode-${platform()}-${arch()}/bin/opencode`);
  await mkdir(join(dir, 'node_modules', '.bin'));
  await symlink(stub, join(dir, 'node_modules', '.bin', 'opencode'));
  expect(await findProgram(undefined, { PATH: join(dir, 'node_modules', '.bin') })).toBe(real);
});

test('a path that is no program is AGENT_NOT_FOUND, and the message names it', async () => {
  const named = join(dir, 'not-there');
  await expect(findProgram(named, {})).rejects.toMatchObject({
    retryable: false,
    failure: { code: 'AGENT_NOT_FOUND', message: expect.stringContaining(named) },
  });
});

test('an OpenCode that does not start because it can’t write its directories is no matter of installing it', async () => {
  const file = await program('not-a-directory');
  const named = await program('opencode', '#!/bin/sh\necho "EROFS: read-only file system, mkdir" >&2; exit 1\n');
  await expect(versionOf(named, { HOME: dir, XDG_STATE_HOME: file })).rejects.toMatchObject({
    failure: {
      code: 'SETUP_INCOMPLETE',
      message: expect.stringContaining(join(file, 'opencode')) as string,
      fix: expect.stringContaining('XDG_STATE_HOME') as string,
    },
  });
  await expect(versionOf(named, { HOME: dir })).rejects.toMatchObject({
    failure: { code: 'AGENT_NOT_FOUND', message: expect.stringContaining('It says: EROFS') as string },
  });
});
