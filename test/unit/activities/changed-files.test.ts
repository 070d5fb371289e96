/** Which files changed since a moment, as the real git tells. */
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { changedFiles } from '../../../src/activities/changed-files.js';
import type { ChangedFilesInput, ChangedFilesOutput } from '../../../src/activities/types.js';
import { statOf } from '../../../src/activities/stat-of.js';
import { MAX_CHANGED_FILES_BYTES } from '../../../src/contract/limits.js';
import { isRunning } from '../../support/processes.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'continuity-changed-files-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const HOUR = 60 * 60 * 1000;
const hoursAgo = (hours: number) => new Date(Date.now() - hours * HOUR);
const path = (name: string) => join(dir, name);
const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
const identity = ['-c', 'user.name=T', '-c', 'user.email=t@example.com'];

function git(...args: string[]): string {
  return execFileSync('git', [...identity, ...args], { cwd: dir, env, encoding: 'utf8' });
}

async function write(name: string, text: string, at = new Date()): Promise<void> {
  await writeFile(path(name), text);
  await utimes(path(name), at, at);
}

function commit(at: Date): void {
  git('add', '-A');
  const when = at.toISOString();
  execFileSync('git', [...identity, 'commit', '-qm', 'x'], {
    cwd: dir,
    env: { ...env, GIT_AUTHOR_DATE: when, GIT_COMMITTER_DATE: when },
  });
}

const run = (input: ChangedFilesInput): Promise<ChangedFilesOutput> =>
  new MockActivityEnvironment().run<[ChangedFilesInput], ChangedFilesOutput, typeof changedFiles>(changedFiles, input);
const since = (moment: Date, cwd = dir) => run({ cwd, since: moment.toISOString() });

describe('files changed since a moment', () => {
  test('are those that were committed, changed, added and deleted since, and no others', async () => {
    git('init', '-q');
    for (const name of ['kept', 'committed', 'changed', 'deleted', 'dirty']) await write(name, 'one\n', hoursAgo(5));
    await write('.gitignore', 'ignored\n', hoursAgo(5));
    commit(hoursAgo(5));
    await write('dirty', 'changed before\n', hoursAgo(4));
    await write('untracked-before', '', hoursAgo(4));
    await write('committed', 'one\ntwo\n', hoursAgo(2));
    commit(hoursAgo(2));
    await write('dirty', 'changed before\n', hoursAgo(4));
    await write('untracked-before', '', hoursAgo(4));
    await write('changed', 'two\n');
    await write('new', '');
    await write('ignored', '');
    await rm(path('deleted'));
    expect((await since(hoursAgo(3))).stat?.split('\n')).toEqual([
      'changed | +1 -1',
      'committed | +1 -0',
      'deleted | deleted',
      'new | new',
      '4 files changed, +2 -1',
    ]);
  });

  test('are told from a folder of the work tree as well, and before the first commit', async () => {
    git('init', '-q');
    await mkdir(path('src'));
    await write('src/a.ts', '');
    git('add', '-A');
    await write('b.ts', '');
    const { stat } = await since(hoursAgo(1), path('src'));
    expect(stat).toBe('src/a.ts | +0 -0\nb.ts | new\n2 files changed, +0 -0');
  });

  test('take nothing of the repository: neither its index nor its objects change', async () => {
    git('init', '-q');
    await write('a', 'one\n');
    commit(hoursAgo(1));
    await write('a', 'two\n');
    await write('b', 'new\n');
    const before = [await readFile(path('.git/index')), git('count-objects')];
    expect((await since(hoursAgo(1))).stat).toContain('2 files changed');
    expect([await readFile(path('.git/index')), git('count-objects')]).toEqual(before);
  });

  test('are not known without a repository, without git, or when git does not answer: no error', async () => {
    expect(await since(hoursAgo(1))).toEqual({});
    expect(await since(hoursAgo(1), path('not there'))).toEqual({});
    expect(await run({ cwd: dir, since: 'never' })).toEqual({});
    git('init', '-q');
    await write('a', '');
    const PATH = process.env.PATH ?? '';
    const started = performance.now();
    try {
      process.env.PATH = path('nothing');
      expect(await since(hoursAgo(1))).toEqual({});
      await mkdir(path('bin'));
      await writeFile(path('bin/git'), '#!/bin/sh\nexec sleep 60\n');
      await chmod(path('bin/git'), 0o755);
      process.env.PATH = `${path('bin')}${delimiter}${PATH}`;
      expect(await since(hoursAgo(1))).toEqual({});
    } finally {
      process.env.PATH = PATH;
    }
    expect(performance.now() - started).toBeLessThan(30_000);
  }, 60_000);

  test.runIf(process.platform === 'linux')(
    'leave nothing running: what a git that hangs has started ends with it',
    async () => {
      git('init', '-q');
      await write('.gitattributes', '* filter=slow\n');
      await write('a', 'one\n');
      commit(hoursAgo(5));
      const started = `sleep 60 & echo $! > ${path('pid')}; wait`;
      git('config', 'filter.slow.clean', started);
      await write('a', 'two\n');
      expect(await since(hoursAgo(1))).toEqual({});
      expect(isRunning(Number(await readFile(path('pid'), 'utf8')))).toBe(false);
    },
    60_000,
  );
});

test('a list of files fits into its bound, says how many it leaves out, and keeps a name on one line', () => {
  const files = Array.from({ length: 3000 }, (_, i) => ({ path: `src/${i}/${'é'.repeat(300)}`, how: 'new' as const }));
  const stat = statOf(files, MAX_CHANGED_FILES_BYTES);
  expect(Buffer.byteLength(stat)).toBeLessThanOrEqual(MAX_CHANGED_FILES_BYTES);
  expect(stat).toMatch(/\n… and 299\d more\n3000 files changed$/);
  expect(statOf([{ path: 'a\nb\u0007', how: { added: 1, deleted: 0 } }], 1024)).toBe(
    'a?b? | +1 -0\n1 file changed, +1 -0',
  );
  expect(statOf([], 1024)).toBe('');
});
