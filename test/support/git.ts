/** A real repository for tests. */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** @returns what git printed, without the line end */
export async function git(cwd: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('git', args, { cwd });
  return stdout.trim();
}

/** With one commit on `main`. */
export async function repositoryIn(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await git(directory, 'init', '-q', '-b', 'main');
  await git(directory, 'config', 'user.name', 'A person');
  await git(directory, 'config', 'user.email', 'person@example.com');
  await commitTo(directory, 'README.md', 'A repository.\n');
}

/** @returns the commit */
export async function commitTo(directory: string, file: string, text: string): Promise<string> {
  await writeFile(join(directory, file), text);
  await git(directory, 'add', '--', file);
  await git(directory, 'commit', '-q', '-m', `Write ${file}`);
  return git(directory, 'rev-parse', 'HEAD');
}
