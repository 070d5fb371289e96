import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { projectOf } from '../../../src/config.js';

let directory: string;

beforeEach(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'continuity-project-')));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function made(...path: string[]): Promise<string> {
  const made = join(directory, ...path);
  await mkdir(made, { recursive: true });
  return made;
}

describe('the project of a directory', () => {
  it('is the directory where there is no git work tree', async () => {
    expect(await projectOf(directory, {})).toBe(directory);
  });

  it('is the root of the git work tree around it', async () => {
    await made('repo', '.git');
    expect(await projectOf(await made('repo', 'src', 'deep'), {})).toBe(join(directory, 'repo'));
  });

  it('is one for all work trees of a repository', async () => {
    const git = (...words: string[]) =>
      execa('git', ['-C', join(directory, 'main'), '-c', 'user.name=A', '-c', 'user.email=a@b.c', ...words]);
    await made('main');
    await git('init', '--quiet');
    await git('commit', '--quiet', '--allow-empty', '--message', 'one');
    await git('worktree', 'add', '--quiet', '../linked');
    const projects = await Promise.all(
      [await made('main', 'src'), await made('linked', 'src')].map((cwd) => projectOf(cwd, {})),
    );
    expect(projects).toEqual([join(directory, 'main'), join(directory, 'main')]);
  });

  it('is the root of a submodule, where .git is a file', async () => {
    await writeFile(join(await made('linked'), '.git'), 'gitdir: elsewhere\n');
    expect(await projectOf(await made('linked', 'src'), {})).toBe(join(directory, 'linked'));
  });

  it('is the same through a symbolic link', async () => {
    await symlink(await made('real'), join(directory, 'link'));
    expect(await projectOf(join(directory, 'link'), {})).toBe(join(directory, 'real'));
  });

  it('is the name that config gives, in the directory of its file and below', async () => {
    const file = join(await made('shop'), 'continuity.config.json');
    expect(await projectOf(await made('shop', 'cart'), { project: 'shop', file })).toBe('shop');
  });

  it('is not the name of another directory’s config', async () => {
    const file = join(await made('shop'), 'continuity.config.json');
    expect(await projectOf(await made('bank'), { project: 'shop', file })).toBe(join(directory, 'bank'));
    expect(await projectOf(await made('shop-2'), { project: 'shop', file })).toBe(join(directory, 'shop-2'));
  });

  it('that does not exist is refused as CWD_MISSING', async () => {
    const gone = join(directory, 'gone');
    await expect(projectOf(gone, {})).rejects.toMatchObject({
      failure: { code: 'CWD_MISSING', message: `Working directory ${gone} does not exist.` },
    });
  });
});
