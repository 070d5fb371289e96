/** Finds the project of a directory. Projects keep equal topic names apart. */
import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { Config } from './types.js';
import { workTreeOf } from '../host/work-tree.js';
import { cwdMissing } from '../host/working-directory.js';
import { ConfigInvalid } from './invalid.js';

/**
 * The project's name:
 *
 * 1. `project` of the config, when the directory is inside the config file's directory, or when the
 * config came from no file.
 * 2. Else the root of the git repository's main work tree, so that all work trees of a repository
 * are one project.
 * 3. Else the directory. Symbolic links are resolved.
 *
 * @throws ConfigInvalid CWD_MISSING
 */
export async function projectOf(cwd: string, { project, file }: Pick<Config, 'project' | 'file'>): Promise<string> {
  const here = await realpath(cwd).catch((cause: unknown) => {
    throw new ConfigInvalid(cwdMissing(cwd), { cause });
  });
  if (project !== undefined && (file === undefined || within(await realpath(dirname(file)), here))) return project;
  const workTree = workTreeOf(here);
  return workTree === undefined ? here : mainWorkTreeOf(workTree);
}

function within(directory: string, path: string): boolean {
  const way = relative(directory, path);
  return way === '' || !(way === '..' || way.startsWith('../') || way.startsWith('..\\'));
}

/**
 * In a linked work tree, the file `.git` points to its part of the repository. The file `commondir`
 * in that part points to the repository.
 */
async function mainWorkTreeOf(workTree: string): Promise<string> {
  const [, part] = /^gitdir: (.+)$/m.exec(await textIn(join(workTree, '.git'))) ?? [];
  const whole = part === undefined ? '' : (await textIn(resolve(workTree, part, 'commondir'))).trim();
  if (part === undefined || whole === '') return workTree; // A submodule is a repository of its own.
  const repository = await realpath(resolve(workTree, part, whole)).catch(() => undefined); // ENOENT: the repository was moved.
  if (repository === undefined) return workTree;
  return basename(repository) === '.git' ? dirname(repository) : repository;
}

/** Empty when the path is a directory or does not exist. */
async function textIn(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
