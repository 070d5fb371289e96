/** Which project a directory belongs to: it keeps the same topic name in two projects apart. */
import { existsSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { Config } from './types.js';
import { failure } from '../contract/failures.js';
import { ConfigInvalid } from './invalid.js';

/**
 * The name that config gives to the directory its file is in (or to any, when it came from no file), else the root of
 * the git repository's main work tree, else the directory itself; links resolved. All work trees of one repository are one project.
 *
 * @throws ConfigInvalid CWD_MISSING
 */
export async function projectOf(cwd: string, { project, file }: Pick<Config, 'project' | 'file'>): Promise<string> {
  const here = await realpath(cwd).catch((cause: unknown) => {
    throw new ConfigInvalid(failure('CWD_MISSING', `Working directory ${cwd} does not exist.`), { cause });
  });
  if (project !== undefined && (file === undefined || within(await realpath(dirname(file)), here))) return project;
  const workTree = workTreeOf(here);
  return workTree === undefined ? here : mainWorkTreeOf(workTree);
}

function within(directory: string, path: string): boolean {
  const way = relative(directory, path);
  return way === '' || !(way === '..' || way.startsWith('../') || way.startsWith('..\\'));
}

/** A linked work tree has a file `.git` that leads to its part of the repository, and a file `commondir` there leads to the whole. */
async function mainWorkTreeOf(workTree: string): Promise<string> {
  const [, part] = /^gitdir: (.+)$/m.exec(await textIn(join(workTree, '.git'))) ?? [];
  const whole = part === undefined ? '' : (await textIn(resolve(workTree, part, 'commondir'))).trim();
  if (part === undefined || whole === '') return workTree; // A submodule is a repository of its own.
  const repository = await realpath(resolve(workTree, part, whole)).catch(() => undefined); // It was moved away.
  if (repository === undefined) return workTree;
  return basename(repository) === '.git' ? dirname(repository) : repository;
}

/** Nothing where it is a directory, or is not there. */
async function textIn(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

/** `.git` is a directory, or a file in linked work trees and submodules. */
function workTreeOf(directory: string): string | undefined {
  if (existsSync(join(directory, '.git'))) return directory;
  const parent = dirname(directory);
  return parent === directory ? undefined : workTreeOf(parent);
}
