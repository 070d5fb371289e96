/** Merging and discarding the work tree of a topic, with real git: no work is lost silently. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { noteRemoval, openWorktree } from '../../../src/host/worktrees.js';
import type { Worktree } from '../../../src/contract/workspace.js';
import { discardWorktree, isStanding, mergeWorktree } from '../../../src/stack/finish-worktree.js';
import { commitTo, git, repositoryIn } from '../../support/git.js';

let repository: string;
let tree: Worktree & { topic: string };
beforeEach(async () => {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-finish-')));
  onTestFinished(() => rm(dir, { recursive: true }));
  repository = join(dir, 'repository');
  await repositoryIn(repository);
  await writeFile(join(repository, '.gitignore'), 'ignored\n');
  await git(repository, 'add', '.gitignore');
  await git(repository, 'commit', '-q', '-m', 'Ignore');
  const { worktree } = await openWorktree(repository, { topic: 'auth', dataDir: join(dir, 'data') });
  tree = { ...worktree, topic: 'auth' };
});

const inTree = (file: string) => join(tree.directory, file);
const merge = (message?: string) => mergeWorktree(tree, message);
const discard = (force = false) => discardWorktree(tree, force);
const headOf = (directory: string) => git(directory, 'rev-parse', 'HEAD');

async function expectGone(): Promise<void> {
  expect(await isStanding(tree)).toBe(false);
  expect(existsSync(tree.directory)).toBe(false);
  expect(await git(repository, 'branch', '--list', 'continuity/*')).toBe('');
  expect(existsSync(`${tree.directory}.json`)).toBe(false);
}

async function expectKept(): Promise<void> {
  expect(await isStanding(tree)).toBe(true);
  expect(await git(tree.directory, 'branch', '--show-current')).toBe(tree.branch);
  expect(await git(repository, 'status', '--porcelain')).not.toMatch(/^(UU|AA)/m);
}

describe('merge', () => {
  test('brings the commits to the branch that is checked out, and removes the work tree', async () => {
    await commitTo(tree.directory, 'work', 'work');
    await commitTo(repository, 'other', 'other');
    const merged = await merge();
    expect(merged).toMatchObject({ into: 'main', from: repository, commits: 1, commit: await headOf(repository) });
    expect(await readFile(join(repository, 'work'), 'utf8')).toBe('work');
    await expectGone();
    await expect(merge()).rejects.toMatchObject({ code: 'WORKSPACE_UNAVAILABLE' });
  });

  test('is refused while something is not committed, and commits it where it is told to', async () => {
    await writeFile(inTree('new'), 'new');
    await writeFile(inTree('ignored'), '');
    const message = expect.stringMatching(/not committed: new\.$/) as string;
    await expect(merge()).rejects.toMatchObject({ code: 'WORKSPACE_UNFINISHED', message });
    await expectKept();
    expect(await merge('Add new')).toMatchObject({ commits: 1 });
    expect(await git(repository, 'log', '-1', '--format=%s', '--no-merges')).toBe('Add new');
    await expectGone();
  });

  test('that conflicts is undone, and names the files', async () => {
    await commitTo(tree.directory, 'README.md', 'theirs');
    const before = await commitTo(repository, 'README.md', 'ours');
    await writeFile(join(repository, 'beside'), 'not committed');
    const message = expect.stringContaining('README.md. The merge was undone.') as string;
    await expect(merge()).rejects.toMatchObject({ code: 'MERGE_CONFLICT', message });
    expect(await headOf(repository)).toBe(before);
    expect(await git(repository, 'status', '--porcelain')).toBe('?? beside');
    await expectKept();
  });

  test('that would overwrite changes in the other directory leaves them', async () => {
    await commitTo(tree.directory, 'README.md', 'theirs');
    await writeFile(join(repository, 'README.md'), 'not committed');
    const fix = `Commit or stash the changes in ${repository}, then merge again.`;
    await expect(merge()).rejects.toMatchObject({ code: 'MERGE_CONFLICT', failure: { fix } });
    expect(await readFile(join(repository, 'README.md'), 'utf8')).toBe('not committed');
    await expectKept();
  });

  test('needs a branch that is checked out', async () => {
    await commitTo(tree.directory, 'work', 'work');
    await git(repository, 'checkout', '-q', '--detach');
    await expect(merge()).rejects.toMatchObject({ code: 'WORKSPACE_UNAVAILABLE' });
    await expectKept();
  });

  test('of one whose directory is gone merges its branch', async () => {
    await commitTo(tree.directory, 'work', 'work');
    await rm(tree.directory, { recursive: true });
    expect(await merge()).toMatchObject({ commits: 1 });
    await expectGone();
  });
});

describe('whatever happens meanwhile', () => {
  const isClean = async () => expect(await git(repository, 'status', '--porcelain')).toBe('');
  /** Git is in the middle of a merge when it runs this hook. */
  async function waitsInMerge(seconds: number): Promise<void> {
    await commitTo(tree.directory, 'work', 'work');
    const hook = join(repository, '.git', 'hooks', 'commit-msg');
    await writeFile(hook, `#!/bin/sh\ntouch .git/in-merge\nsleep ${seconds}\n`, { mode: 0o755 });
    await git(repository, 'config', 'merge.ff', 'false');
  }

  test('of several at once one merges, and none undoes what another does', async () => {
    await waitsInMerge(1);
    const all = await Promise.allSettled([merge(), merge(), discard(true), merge(), discard(true)]);
    const codes = all.map((one) => (one.status === 'rejected' ? (one.reason as { code: string }).code : 'done'));
    expect(codes.sort()).toEqual([...Array<string>(4).fill('WORKSPACE_BUSY'), 'done']);
    expect(await readFile(join(repository, 'work'), 'utf8')).toBe('work');
    await isClean();
    await expectGone();
  });

  test('one that is stopped in the middle is undone, and can be done again', async () => {
    await waitsInMerge(30);
    const before = await headOf(repository);
    const stop = new AbortController();
    const stopped = mergeWorktree(tree, undefined, stop.signal);
    stopped.catch(() => undefined);
    await vi.waitFor(() => expect(existsSync(join(repository, '.git', 'in-merge'))).toBe(true), { timeout: 20_000 });
    stop.abort(new Error('stopped'));
    await expect(stopped).rejects.toMatchObject({ code: 'WORKSPACE_UNAVAILABLE' });
    expect(await headOf(repository)).toBe(before);
    expect(existsSync(join(repository, '.git', 'MERGE_HEAD'))).toBe(false);
    await isClean();
    await rm(join(repository, '.git', 'hooks', 'commit-msg'));
    expect(await merge()).toMatchObject({ commits: 1 });
    await expectGone();
  });

  test('files that a removal has deleted before it was cut off are deleted nowhere else', async () => {
    await commitTo(tree.directory, 'work', 'work');
    await noteRemoval(tree.directory);
    await rm(inTree('README.md'));
    expect(await merge('Work')).toMatchObject({ commits: 1 });
    expect(existsSync(join(repository, 'README.md'))).toBe(true);
    await expectGone();
  });

  test('what somebody has written since a removal was cut off is neither merged nor lost', async () => {
    await commitTo(tree.directory, 'work', 'work');
    await noteRemoval(tree.directory);
    await writeFile(inTree('notes'), 'mine');
    const refused = { code: 'WORKSPACE_UNFINISHED', message: expect.stringContaining('notes') as string };
    await expect(merge('Work')).rejects.toMatchObject(refused);
    await expect(discard(true)).rejects.toMatchObject(refused);
    expect(existsSync(inTree('notes'))).toBe(true);
  });

  test('one whose repository was removed says how to go on', async () => {
    await rm(repository, { recursive: true });
    const refused = {
      code: 'WORKSPACE_UNAVAILABLE',
      failure: { fix: expect.stringMatching(/worktree repair/) as string },
    };
    await expect(discard(true)).rejects.toMatchObject(refused);
    await repositoryIn(repository);
    await expect(merge()).rejects.toMatchObject(refused);
    expect(existsSync(tree.directory)).toBe(true);
  });
});

describe('merge leaves what is not simple to a person', () => {
  const unfinished = (message: RegExp) => ({ code: 'WORKSPACE_UNFINISHED', message: expect.stringMatching(message) });

  test('conflicts that the agent has left are not committed', async () => {
    await commitTo(tree.directory, 'README.md', 'theirs');
    const before = await commitTo(repository, 'README.md', 'ours');
    await git(tree.directory, 'merge', 'main').catch(() => '');
    await expect(merge('Work')).rejects.toMatchObject(unfinished(/conflicts that are not resolved: README\.md\.$/));
    expect(await headOf(repository)).toBe(before);
    await expectKept();
  });

  test('nothing is committed on another branch than the topic’s', async () => {
    const before = await headOf(tree.directory);
    await git(tree.directory, 'checkout', '-q', '--detach');
    await writeFile(inTree('new'), 'new');
    await expect(merge('Work')).rejects.toMatchObject(unfinished(/a detached head/));
    expect(await headOf(tree.directory)).toBe(before);
  });

  test('a repository in it is not committed as a link without content', async () => {
    await repositoryIn(inTree('nested'));
    await expect(merge('Work')).rejects.toMatchObject(unfinished(/git repositories in it .*: nested\/\.$/));
    await expect(discard(true)).rejects.toMatchObject(unfinished(/git repositories in it/));
    expect(existsSync(inTree('nested/README.md'))).toBe(true);
  });

  test('one that git does not remove is merged, and the failure says so', async () => {
    await commitTo(tree.directory, 'work', 'work');
    await git(repository, 'worktree', 'lock', tree.directory);
    await expect(merge()).rejects.toMatchObject(unfinished(/is merged into main, but .* is not removed: .*locked/));
    await git(repository, 'worktree', 'unlock', tree.directory);
    await merge();
    await expectGone();
  });

  test.each(['--squash', '--no-commit --no-ff'])(
    'a person’s mergeOptions %s make no merge without a commit',
    async (options) => {
      const commit = await commitTo(tree.directory, 'work', 'work');
      await git(repository, 'config', 'branch.main.mergeOptions', options);
      await merge();
      expect(await git(repository, 'branch', '--contains', commit)).toBe('* main');
      await expectGone();
    },
  );
});

describe('no branch is deleted that a person works on', () => {
  const elsewhere = (directory: string) => ({
    code: 'WORKSPACE_UNFINISHED',
    message: `continuity/auth is checked out in ${directory}, and would be deleted.`,
  });

  test('one that is checked out where it came from', async () => {
    const commit = await commitTo(tree.directory, 'work', 'work');
    await git(repository, 'worktree', 'remove', tree.directory);
    await git(repository, 'checkout', '-q', tree.branch);
    await expect(merge()).rejects.toMatchObject(elsewhere(repository));
    await expect(discard(true)).rejects.toMatchObject(elsewhere(repository));
    expect(await headOf(repository)).toBe(commit);
  });

  test('one whose work tree was moved', async () => {
    const moved = join(repository, '..', 'moved');
    await git(repository, 'worktree', 'move', tree.directory, moved);
    await writeFile(join(moved, 'new'), 'new');
    await expect(merge()).rejects.toMatchObject(elsewhere(moved));
    expect(await git(moved, 'status', '--porcelain')).toBe('?? new');
  });

  test('one whose commits only a detached head has', async () => {
    await commitTo(tree.directory, 'work', 'work');
    await git(repository, 'checkout', '-q', '--detach', tree.branch);
    await expect(discard()).rejects.toMatchObject({ code: 'WORKSPACE_UNFINISHED' });
    await expectKept();
    await git(repository, 'branch', 'mine');
    await discard();
    await expectGone();
  });

  test('nor a work tree of theirs whose disk is away', async () => {
    const theirs = join(repository, '..', 'theirs');
    await git(repository, 'worktree', 'add', '-q', '--detach', theirs);
    const commit = await commitTo(theirs, 'theirs', 'theirs');
    await rename(theirs, `${theirs}-away`);
    await rm(tree.directory, { recursive: true });
    await discard();
    await expectGone();
    await rename(`${theirs}-away`, theirs);
    expect(await headOf(theirs)).toBe(commit);
  });
});

test('a branch that was renamed is named', async () => {
  await git(tree.directory, 'branch', '-m', 'feature');
  const fix = expect.stringContaining(`git -C ${tree.directory} branch -m continuity/auth`) as string;
  await expect(discard(true)).rejects.toMatchObject({ code: 'WORKSPACE_UNAVAILABLE', failure: { fix } });
});

describe('discard', () => {
  test('removes one without work', async () => {
    await writeFile(inTree('ignored'), '');
    expect(await discard()).toEqual({ topic: 'auth', branch: tree.branch, directory: tree.directory });
    await expectGone();
  });

  test.each([
    ['a commit', () => commitTo(tree.directory, 'work', 'work'), /1 commit that/],
    ['a change', () => writeFile(inTree('README.md'), 'changed'), /not committed: README\.md/],
    ['a new file', () => writeFile(inTree('new'), 'new'), /not committed: new/],
  ])('is refused for %s', async (_, work, message) => {
    await work();
    await expect(discard()).rejects.toMatchObject({
      code: 'WORKSPACE_UNFINISHED',
      message: expect.stringMatching(message),
    });
    await expectKept();
  });

  test('by force keeps commits, changes and new files under a ref, and says how to get them back', async () => {
    await commitTo(tree.directory, 'work', 'work');
    await writeFile(inTree('README.md'), 'changed');
    await writeFile(inTree('new'), 'new');
    await writeFile(inTree('ignored'), '');
    const { kept_as, get_back } = await discard(true);
    expect(kept_as).toBe('refs/continuity/discarded/auth/1');
    await expectGone();
    const [, , ...words] = `${get_back}`.replace('NAME', 'back').split(' ');
    await git(repository, ...words.slice(1));
    const files = await git(repository, 'ls-tree', '-r', '--name-only', 'back');
    expect(files.split('\n')).toEqual(['.gitignore', 'README.md', 'new', 'work']);
    expect(await git(repository, 'show', 'back:README.md')).toBe('changed');
    expect(await git(repository, 'log', '-1', '--format=%s', 'back~1')).toBe('Write work');
  });

  test('with more new files than a person would read', async () => {
    const long = join(...Array<string>(4).fill('d'.repeat(250)));
    await mkdir(inTree(long), { recursive: true });
    await Promise.all(Array.from({ length: 4300 }, (_, at) => writeFile(inTree(join(long, `${at}`)), '')));
    const message = expect.stringMatching(/ and 4290 more\.$/) as string;
    await expect(discard()).rejects.toMatchObject({ code: 'WORKSPACE_UNFINISHED', message });
    expect(await discard(true)).toHaveProperty('kept_as');
    await expectGone();
  });

  test('by force twice keeps both', async () => {
    await commitTo(tree.directory, 'work', 'work');
    await discard(true);
    const dataDir = join(tree.directory, '..', '..');
    const { worktree } = await openWorktree(repository, { topic: 'auth', dataDir });
    expect(worktree.directory).toBe(tree.directory);
    await writeFile(inTree('new'), 'new');
    expect(await discard(true)).toMatchObject({ kept_as: 'refs/continuity/discarded/auth/2' });
    expect(await git(repository, 'for-each-ref', '--format=%(refname)', 'refs/continuity')).toBe(
      'refs/continuity/discarded/auth/1\nrefs/continuity/discarded/auth/2',
    );
  });
});
