/**
 * Which files of a work tree changed since a moment, for a session that was not there. Nothing is
 * noted beforehand, and nothing is written into the repository.
 *
 * - The work tree is compared with the last commit before the moment: what was committed since
 *   counts, what was not committed counts, and new files that git does not ignore count.
 * - Of these, files that were last written before the moment are left out: they were changed then,
 *   and only not committed.
 */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import { MAX_CHANGED_FILES_BYTES } from '../contract/limits.js';
import { withGit, type Git } from '../host/git.js';
import { statOf, type ChangedFile } from './stat-of.js';
import type { ChangedFilesInput, ChangedFilesOutput } from './types.js';

/** For all of it: a turn waits for it. */
const GIT_ANSWERS_WITHIN_MS = 5_000;
/** More of them are counted, and not looked at. */
const MOST_FILES = 5_000;
/** Commits count in seconds, and so do some file systems. */
const CLOCK_LAG_MS = 1_000;

export async function changedFiles({ cwd, since }: ChangedFilesInput): Promise<ChangedFilesOutput> {
  const options = { withinMs: GIT_ANSWERS_WITHIN_MS, signal: Context.current().cancellationSignal };
  try {
    const files = await withGit(options, (git) => filesChanged(cwd, new Date(since), git));
    const stat = statOf(files, MAX_CHANGED_FILES_BYTES);
    return stat === '' ? {} : { stat };
  } catch {
    // No git, no repository, a broken one, or one too large to be read in time: the brief does
    // without.
    return {};
  }
}

/** @throws what git says, or the signal's reason */
async function filesChanged(cwd: string, since: Date, git: Git): Promise<ChangedFile[]> {
  const from = since.getTime() - CLOCK_LAG_MS;
  const top = (await git(cwd, 'rev-parse', '--show-toplevel')).replace(/\n$/, '');
  const base = await commitBefore(top, new Date(from), git);
  const [changed, untracked] = await Promise.all([
    git(top, 'diff', '--numstat', '-z', '--no-renames', '--no-ext-diff', '--no-textconv', base, '--'),
    git(top, 'ls-files', '-z', '--others', '--exclude-standard'),
  ]);
  const files = [...counted(changed), ...listed(untracked).map((path): ChangedFile => ({ path, how: 'new' }))];
  const kept = await Promise.all(files.slice(0, MOST_FILES).map((file) => writtenSince(top, file, from)));
  return [...kept.flatMap((file) => file ?? []), ...files.slice(MOST_FILES)];
}

/** The empty tree where there was none. */
async function commitBefore(top: string, moment: Date, git: Git): Promise<string> {
  const before = ['rev-list', '-1', `--before=${moment.toISOString()}`, 'HEAD', '--'];
  const commit = (await git(top, ...before).catch(() => '')).trim(); // HEAD may have no commit yet.
  return commit === '' ? (await git(top, 'hash-object', '-t', 'tree', '--stdin')).trim() : commit;
}

async function writtenSince(top: string, file: ChangedFile, from: number): Promise<ChangedFile | undefined> {
  const found = await lstat(join(top, file.path)).catch(() => undefined);
  if (!found) return { path: file.path, how: 'deleted' };
  return found.mtimeMs >= from ? file : undefined;
}

/** `12\t3\tpath` each; `-\t-\tpath` of a binary file. */
function counted(printed: string): ChangedFile[] {
  return listed(printed).map((entry) => {
    const [added = '', deleted = '', ...path] = entry.split('\t');
    const lines = { added: Number(added), deleted: Number(deleted) };
    return { path: path.join('\t'), how: Number.isInteger(lines.added) ? lines : 'binary' };
  });
}

function listed(printed: string): string[] {
  return printed.split('\0').filter((entry) => entry !== '');
}
