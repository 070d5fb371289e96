/**
 * Makes the git work trees of topics, in the data directory. A note beside each says what it was made
 * from. The note is written before git begins, so that the next attempt recognises a work tree that a kill
 * left half made, and makes it again.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, realpath, rm } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { branchOf } from '../contract/branch-name.js';
import { defined } from '../contract/defined.js';
import { Failed, failure } from '../contract/failures.js';
import { isObject } from '../contract/is-object.js';
import type { Worktree } from '../contract/workspace.js';
import { Semaphore } from '../semaphore.js';
import { saidByGit, withGit, type Git } from './git.js';
import { writePrivateFile } from './private-file.js';
import { GIT_MARKER, killTree } from './process-tree.js';
import { shellWord } from '../contract/shell-word.js';

/** A hook or a filter of the repository can take its time. */
const MADE_WITHIN_MS = 100_000;

interface Note extends Worktree {
  topic: string;
  /** Absent: git still makes or removes it, or was killed meanwhile. It has no work. */
  ready?: true;
  /** Git began to remove it. */
  removing?: true;
}

interface Wanted {
  topic: string;
  dataDir: string;
  signal?: AbortSignal;
}

const oneAtATime = new Semaphore(1);

/**
 * Returns the topic's work tree of the repository that `cwd` is in, and the directory in it that
 * corresponds to `cwd`. Makes it from the commit that is checked out there, unless the topic has one.
 *
 * @throws Failed WORKSPACE_UNAVAILABLE
 */
export async function openWorktree(
  cwd: string,
  { topic, dataDir, signal }: Wanted,
): Promise<{ worktree: Worktree; cwd: string }> {
  const place = await alone({ topic, dataDir, ...defined({ signal }) }, async (git, marker) => {
    const place = await placeIn(git, cwd, { topic, dataDir });
    const noted = await noteOf(place.directory);
    if (noted && noted.from !== place.from)
      throw unavailable(
        `Topic ${topic} has a work tree of ${noted.from} already, in ${noted.directory}.`,
        'Merge or discard it first (continuity merge, continuity discard), or use another topic.',
      );
    return { ...place, worktree: await standing(git, noted ?? place, { topic, marker, isNew: !noted }) };
  });
  const there = join(place.worktree.directory, place.below);
  await mkdir(there, { recursive: true }); // Git has no empty directories.
  return { worktree: place.worktree, cwd: there };
}

/**
 * Called before each turn. Makes the work tree again, in the same place, if it was merged or discarded
 * or its directory was removed: from its branch, otherwise from what is checked out in `from`.
 *
 * @throws Failed CWD_MISSING
 */
export async function keepWorktree(worktree: Worktree, cwd: string, wanted: Wanted): Promise<Worktree> {
  const { left_out: _before, ...made } = worktree;
  const { directory, from } = made;
  const { topic, signal } = wanted;
  const note = await noteOf(directory);
  if (isWorkTree(directory) && (!note || note.ready)) return withRepository(factsOf(note ?? worktree), topic);
  try {
    const again = await alone(wanted, async (git, marker) => {
      const noted = await noteOf(directory);
      return standing(git, noted ?? { ...made, ...(await tipOf(git, from)) }, { topic, marker, isNew: !noted });
    });
    await mkdir(cwd, { recursive: true });
    return again;
  } catch (cause) {
    signal?.throwIfAborted();
    const why = cause instanceof Failed ? cause.message : saidByGit(cause);
    const message = `Working directory ${directory}, the work tree of topic ${topic}, is gone and could not be made again: ${why}`;
    throw new Failed(failure('CWD_MISSING', message, `Look at the repository in ${worktree.from}.`), { cause });
  }
}

export const isWorkTree = (directory: string) => existsSync(join(directory, '.git'));

/** What git knows of the work tree is in its repository: this directory. Undefined when it is there. */
export function missingGitDirOf(directory: string): string | undefined {
  try {
    const [, place] = /^gitdir: (.*)$/m.exec(readFileSync(join(directory, '.git'), 'utf8')) ?? [];
    return place !== undefined && !existsSync(resolve(directory, place)) ? place : undefined;
  } catch {
    return undefined; // ENOENT: it is no work tree. EISDIR: it is a repository of its own.
  }
}

/** An agent must not work on where no git keeps what it does. */
function withRepository(worktree: Worktree, topic: string): Worktree {
  const missing = missingGitDirOf(worktree.directory);
  if (missing === undefined) return worktree;
  throw new Failed(failure('CWD_MISSING', lostRepository(worktree, topic, missing), wayBackOf(worktree)));
}

export function lostRepository({ directory }: Worktree, topic: string, missing: string): string {
  return `The work tree ${directory} of topic ${topic} has lost its repository: there is no ${missing}.`;
}

export function wayBackOf({ directory, from }: Worktree): string {
  return `If the repository of ${from} was moved, run there: git worktree repair ${shellWord(directory)}. If it is gone for good, move ${shellWord(directory)} away: what is in it is only there.`;
}

/**
 * Notes that the work tree is about to be removed, so that one that was removed in part is never taken
 * for one in which files were deleted.
 *
 * @returns what takes the note back
 */
export async function noteRemoval(directory: string): Promise<() => Promise<void>> {
  const note = await noteOf(directory);
  if (!note?.ready) return () => Promise.resolve();
  const { ready: _ready, ...half } = note;
  const write = (text: Note) => writePrivateFile(noteFile(directory), JSON.stringify(text), { durable: true });
  await write({ ...half, removing: true });
  return () => write(note);
}

/** The files that somebody has changed since git began to remove the work tree: git only deletes. */
export async function changedSinceRemoval(git: Git, directory: string): Promise<string[]> {
  if (!isWorkTree(directory) || !(await noteOf(directory))?.removing) return [];
  const printed = await git(directory, 'status', '--porcelain', '-z', '--no-renames');
  const lines = printed.split('\0').filter((line) => line !== '' && !line.startsWith(' D'));
  return lines.map((line) => line.slice(3));
}

export function cutOffRemoval({ directory, from }: Worktree, changed: string[]): Failed {
  return new Failed(
    failure(
      'WORKSPACE_UNFINISHED',
      `The removal of ${directory} was cut off, and ${changed.join(', ')} changed there since.`,
      `What you need of it, move away. Then: git -C ${shellWord(from)} worktree remove --force ${shellWord(directory)}, and the same again.`,
    ),
  );
}

/** Whether its removal, or its making, was cut off. */
export async function isHalf(directory: string): Promise<boolean> {
  const note = await noteOf(directory);
  return note !== undefined && !note.ready;
}

export async function forgetNote(directory: string): Promise<void> {
  await rm(noteFile(directory), { force: true });
}

async function alone<T>(
  { topic, dataDir, signal }: Wanted,
  work: (git: Git, marker: string) => Promise<T>,
): Promise<T> {
  const release = await oneAtATime.acquire(signal);
  const marker = digestOf(dataDir, topic);
  try {
    return await withGit({ withinMs: MADE_WITHIN_MS, writes: true, marker, ...defined({ signal }) }, (git) =>
      work(git, marker),
    );
  } catch (error) {
    if (error instanceof Failed) throw error;
    signal?.throwIfAborted();
    throw unavailable(`The work tree of topic ${topic} could not be made: ${saidByGit(error)}`);
  } finally {
    release();
  }
}

function digestOf(...names: string[]): string {
  return createHash('sha256').update(JSON.stringify(names)).digest('hex').slice(0, 12);
}

interface Place extends Worktree {
  /** The path from the root to the directory. */
  below: string;
}

async function placeIn(git: Git, cwd: string, { topic, dataDir }: Wanted): Promise<Place> {
  // One at a time, because a name may have a line break in it.
  const asked = (what: string) =>
    git(cwd, 'rev-parse', what).then(
      (printed) => printed.replace(/\n$/, ''),
      (error: unknown) => {
        throw unavailable(`${cwd} is in no git work tree: ${saidByGit(error)}`, NO_REPOSITORY);
      },
    );
  const [top, common] = [await asked('--show-toplevel'), await asked('--git-common-dir')];
  const from = await realpath(top);
  const name = digestOf(resolve(cwd, common), topic);
  const branch = branchOf(topic);
  const shown = basename(branch)
    .replace(/[^A-Za-z0-9_-]/g, '')
    .slice(0, 40);
  const folder = join(dataDir, 'worktrees');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const directory = join(await realpath(folder), shown === '' ? name : `${shown}-${name}`);
  return { mode: 'worktree', directory, branch, from, ...(await tipOf(git, from)), below: relative(from, cwd) };
}

const NO_REPOSITORY = 'Leave out the workspace, or make it a repository with a commit: git init.';

async function tipOf(git: Git, from: string): Promise<Pick<Worktree, 'base' | 'left_out'>> {
  const base = await git(from, 'rev-parse', '--verify', 'HEAD^0').catch(() => {
    throw unavailable(`The repository in ${from} has no commit yet.`, NO_REPOSITORY);
  });
  const changed = (await git(from, 'status', '--porcelain', '-z', '--no-renames')).split('\0').length - 1;
  return { base: base.trim(), ...(changed > 0 && { left_out: changed }) };
}

/** Returns the work tree, and makes it if it is missing. */
async function standing(
  git: Git,
  noted: Worktree & Partial<Note>,
  { topic, marker, isNew }: { topic: string; marker: string; isNew: boolean },
): Promise<Worktree> {
  const { directory, branch, from, ready } = noted;
  if (ready && isWorkTree(directory)) return withRepository(factsOf(noted), topic);
  const tip = await git(from, 'rev-parse', '--verify', '--quiet', `refs/heads/${branch}`).catch(() => '');
  // What was checked out when an earlier attempt noted it may be gone.
  const worktree = factsOf(tip === '' && !isNew ? { ...noted, ...(await tipOf(git, from)) } : noted);
  if (isNew && tip !== '')
    throw unavailable(
      `The repository in ${from} has a branch ${branch} that is not of topic ${topic}.`,
      `Rename it (git branch -m ${branch} NAME), or use another topic.`,
    );
  if ((isNew || ready) && existsSync(directory))
    throw unavailable(`${directory} exists and is no work tree of ${from}.`, 'Move it away.');
  const changed = await changedSinceRemoval(git, directory);
  if (changed.length > 0) throw cutOffRemoval(worktree, changed);
  await writePrivateFile(noteFile(directory), JSON.stringify({ ...worktree, topic }), { durable: true });
  if (!isNew) await clear(git, worktree, marker);
  // No prompt is put in before the note says that the tree is ready. So a branch at its base has no work.
  const starts = tip === '' ? ['-b', branch, directory, worktree.base] : [directory, branch];
  await git(from, 'worktree', 'add', '--quiet', ...(tip === '' ? ['--no-track'] : []), ...starts);
  await writePrivateFile(noteFile(directory), JSON.stringify({ ...worktree, topic, ready: true }), { durable: true });
  return worktree;
}

/** Removes the rest of a work tree that a killed git or a person has left in part. */
async function clear(git: Git, { directory, from }: Worktree, marker: string): Promise<void> {
  await killTree(`${GIT_MARKER}=${marker}`);
  await git(from, 'worktree', 'unlock', directory).catch(() => ''); // It is not locked.
  await rm(directory, { recursive: true, force: true });
  // Not `git worktree prune`: it would also forget a person's work tree on a disk that is not mounted.
  await git(from, 'worktree', 'remove', '--force', directory).catch(() => ''); // Git does not know it.
}

/** The work tree without the fields that only the note has. */
function factsOf({ mode, directory, branch, base, from, left_out }: Worktree): Worktree {
  return { mode, directory, branch, base, from, ...defined({ left_out }) };
}

const noteFile = (directory: string) => `${directory}.json`;

export async function noteOf(directory: string): Promise<Note | undefined> {
  try {
    const note: unknown = JSON.parse(await readFile(noteFile(directory), 'utf8'));
    return isObject(note) && note.directory === directory ? (note as unknown as Note) : undefined;
  } catch {
    return undefined; // ENOENT: there is none.
  }
}

export function unavailable(message: string, fix?: string): Failed {
  return new Failed(failure('WORKSPACE_UNAVAILABLE', message, fix));
}
