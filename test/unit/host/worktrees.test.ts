/** The work tree of a topic, with real git: made once, whatever was killed. */
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, realpath, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { keepWorktree, noteRemoval, openWorktree } from '../../../src/host/worktrees.js';
import { commitTo, git, repositoryIn } from '../../support/git.js';

let dir: string;
let dataDir: string;
let repository: string;
beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-worktrees-')));
  onTestFinished(() => rm(dir, { recursive: true }));
  [dataDir, repository] = [join(dir, 'data'), join(dir, 'repository')];
  await repositoryIn(repository);
});

const open = (cwd = repository, topic = 'auth', signal?: AbortSignal) =>
  openWorktree(cwd, { topic, dataDir, ...(signal && { signal }) });
const headOf = (directory: string) => git(directory, 'rev-parse', 'HEAD');
const branchesOf = async () => (await git(repository, 'branch', '--format=%(refname:short)')).split('\n').sort();

test('it has a branch of its own from the last commit, and says what was not committed', async () => {
  await writeFile(join(repository, 'README.md'), 'Changed.');
  await writeFile(join(repository, 'new'), '');
  const { worktree, cwd } = await open();
  expect(worktree).toEqual({
    ...{ mode: 'worktree', directory: cwd, branch: 'continuity/auth', from: repository, left_out: 2 },
    base: await headOf(repository),
  });
  expect(cwd.startsWith(join(dataDir, 'worktrees', 'auth-'))).toBe(true);
  expect(await git(cwd, 'branch', '--show-current')).toBe('continuity/auth');
  expect(await readFile(join(cwd, 'README.md'), 'utf8')).toBe('A repository.\n');
});

test('a directory inside of the repository keeps its place, also where git does not know it', async () => {
  await mkdir(join(repository, 'packages', 'web'), { recursive: true });
  const { worktree, cwd } = await open(join(repository, 'packages', 'web'));
  expect(cwd).toBe(join(worktree.directory, 'packages', 'web'));
  expect(existsSync(cwd)).toBe(true);
});

test('a repeated attempt finds it, with the work in it', async () => {
  const { worktree } = await open();
  await commitTo(worktree.directory, 'work', 'work');
  await commitTo(repository, 'other', 'other');
  expect((await open()).worktree).toEqual(worktree);
  expect((await open(repository, 'other topic')).worktree).not.toMatchObject({ directory: worktree.directory });
});

test('an attempt that is killed while git is at work is made again, once', async () => {
  const hook = join(repository, '.git', 'hooks', 'post-checkout');
  await writeFile(hook, `#!/bin/sh\ntouch ${dir}/begun\nsleep 600\n`);
  await chmod(hook, 0o755);
  const abort = new AbortController();
  const killed = open(repository, 'auth', abort.signal);
  killed.catch(() => undefined);
  await vi.waitFor(() => expect(existsSync(join(dir, 'begun'))).toBe(true), { timeout: 20_000 });
  abort.abort(new Error('killed'));
  await expect(killed).rejects.toThrow();
  await rm(hook);
  const { worktree } = await open();
  expect(await headOf(worktree.directory)).toBe(await headOf(repository));
  expect(await git(worktree.directory, 'status', '--porcelain')).toBe('');
  expect(await branchesOf()).toEqual(['continuity/auth', 'main']);
  expect((await git(repository, 'worktree', 'list')).split('\n')).toHaveLength(2);
});

test('a half of it, which a killed git has left, is made again', async () => {
  const { worktree } = await open();
  const note = `${worktree.directory}.json`;
  const { ready: _ready, ...half } = JSON.parse(await readFile(note, 'utf8')) as Record<string, unknown>;
  await writeFile(note, JSON.stringify(half));
  await rm(join(worktree.directory, 'README.md'));
  await git(repository, 'worktree', 'lock', '--reason', 'initializing', worktree.directory);
  expect((await open()).worktree).toEqual(worktree);
  expect(existsSync(join(worktree.directory, 'README.md'))).toBe(true);
});

test('one whose first attempt failed begins at what is checked out when it is made', async () => {
  await git(repository, 'branch', 'continuity'); // No branch can be in it.
  await expect(open()).rejects.toMatchObject({ code: 'WORKSPACE_UNAVAILABLE' });
  await git(repository, 'branch', '-D', 'continuity');
  const base = await commitTo(repository, 'later', 'later');
  const { worktree } = await open();
  expect([worktree.base, await headOf(worktree.directory)]).toEqual([base, base]);
});

test('a repository may have a line break in its name', async () => {
  const odd = join(dir, 'one\ntwo');
  await repositoryIn(odd);
  const { worktree } = await open(odd);
  expect(worktree.from).toBe(odd);
  expect(await headOf(worktree.directory)).toBe(await headOf(odd));
});

describe('refused as WORKSPACE_UNAVAILABLE', () => {
  test('a machine without git', async () => {
    vi.stubEnv('PATH', dir);
    onTestFinished(() => void vi.unstubAllEnvs());
    await expect(open()).rejects.toThrow(/git is not on PATH/);
  });

  test.each([
    ['a directory that is in no repository', () => dir, /is in no git work tree/],
    [
      'a repository without a commit',
      async () => {
        await git(dir, 'init', '-q', 'empty');
        return join(dir, 'empty');
      },
      /has no commit yet/,
    ],
    [
      'a branch of that name that is not ours',
      async () => {
        await git(repository, 'branch', 'continuity/auth');
        return repository;
      },
      /has a branch continuity\/auth that is not of topic auth/,
    ],
    [
      'a topic that has a work tree from elsewhere',
      async () => {
        await open();
        await git(repository, 'worktree', 'add', '-q', join(dir, 'linked'), '-b', 'linked');
        return join(dir, 'linked');
      },
      /has a work tree of .*repository already/,
    ],
  ])('%s', async (_, place, message) => {
    const refused = open(await place());
    await expect(refused).rejects.toMatchObject({
      code: 'WORKSPACE_UNAVAILABLE',
      message: expect.stringMatching(message),
    });
  });
});

describe('before a turn', () => {
  const keep = ({ worktree, cwd }: Awaited<ReturnType<typeof open>>) =>
    keepWorktree(worktree, cwd, { topic: 'auth', dataDir });

  test('one whose directory was removed is there again, with the commits of its branch', async () => {
    const opened = await open();
    const tip = await commitTo(opened.cwd, 'work', 'work');
    await rm(opened.cwd, { recursive: true });
    expect(await keep(opened)).toEqual(opened.worktree);
    expect(await headOf(opened.cwd)).toBe(tip);
  });

  test('no work tree of a person is forgotten whose disk is away', async () => {
    const [opened, theirs] = [await open(), join(dir, 'theirs')];
    await git(repository, 'worktree', 'add', '-q', '--detach', theirs);
    const commit = await commitTo(theirs, 'theirs', 'theirs');
    await rename(theirs, `${theirs}-away`);
    await rm(opened.cwd, { recursive: true });
    await keep(opened);
    await rename(`${theirs}-away`, theirs);
    expect(await headOf(theirs)).toBe(commit);
  });

  test('one whose branch and note are gone begins at what is checked out now', async () => {
    const opened = await open();
    await git(repository, 'worktree', 'remove', opened.cwd);
    await git(repository, 'branch', '-D', 'continuity/auth');
    await rm(`${opened.worktree.directory}.json`);
    const base = await commitTo(repository, 'later', 'later');
    expect(await keep(opened)).toEqual({ ...opened.worktree, base });
    expect(await headOf(opened.cwd)).toBe(base);
  });

  test('one that was removed in part is made again', async () => {
    const opened = await open();
    await noteRemoval(opened.worktree.directory);
    await rm(join(opened.cwd, 'README.md'));
    expect(await keep(opened)).toEqual(opened.worktree);
    expect(existsSync(join(opened.cwd, 'README.md'))).toBe(true);
  });

  test('one in which somebody works although its removal was cut off is not made again', async () => {
    const opened = await open();
    await noteRemoval(opened.worktree.directory);
    await rm(join(opened.cwd, 'README.md'));
    await writeFile(join(opened.cwd, 'notes'), 'mine');
    await expect(keep(opened)).rejects.toThrow(/notes changed there since/);
    await expect(open()).rejects.toMatchObject({ code: 'WORKSPACE_UNFINISHED' });
    expect(await readFile(join(opened.cwd, 'notes'), 'utf8')).toBe('mine');
  });

  test('nobody works in one whose repository was removed, also when there is another one', async () => {
    const opened = await open();
    await writeFile(join(opened.cwd, 'work'), 'only here');
    await rm(repository, { recursive: true });
    await repositoryIn(repository);
    const fix = expect.stringMatching(/git worktree repair .*move .* away/) as string;
    await expect(keep(opened)).rejects.toMatchObject({ code: 'CWD_MISSING', failure: { fix } });
    await expect(open()).rejects.toMatchObject({ code: 'CWD_MISSING' });
    await rename(opened.cwd, `${opened.cwd}-away`);
    expect(await keep(opened)).toMatchObject({ base: await headOf(repository) });
    expect(await headOf(opened.cwd)).toBe(await headOf(repository));
  });

  test('one whose repository is gone is CWD_MISSING', async () => {
    const opened = await open();
    await rm(opened.cwd, { recursive: true });
    await rm(repository, { recursive: true });
    await expect(keep(opened)).rejects.toMatchObject({ code: 'CWD_MISSING' });
  });
});
