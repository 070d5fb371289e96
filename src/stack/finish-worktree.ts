/**
 * Merges or discards the work tree of a topic on this host. No work is lost silently: what is not
 * committed or not merged is refused, or kept under a ref. A work tree or branch that changes
 * meanwhile stays.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Discarded, Merged } from '../contract/workspace.js';
import { defined } from '../contract/defined.js';
import { Failed, failure, type FailureCode } from '../contract/failures.js';
import type { Worktree } from '../contract/workspace.js';
import { shellWord } from '../contract/shell-word.js';
import { saidByGit, withGit, type Git } from '../host/git.js';
import { takeLock, type HeldLock } from '../host/lock-file.js';
import {
  changedSinceRemoval,
  cutOffRemoval,
  forgetNote,
  isHalf,
  isWorkTree,
  lostRepository,
  missingGitDirOf,
  noteRemoval,
  unavailable,
  wayBackOf,
} from '../host/worktrees.js';

/** Hooks run, and a person may have to type a passphrase for a signature. */
const DONE_WITHIN_MS = 10 * 60 * 1000;
const SHOWN_FILES = 10;
const DISCARDED = 'refs/continuity/discarded/';
/** Git's exit code when it refuses. Where it has begun to remove files, it ends with another one. */
const REFUSED = 128;
/** A snapshot is not a commit of the person's. */
const AS_US = ['-c', 'user.name=session-continuity', '-c', 'user.email=session-continuity@localhost'];

type Which = Worktree & { topic: string };

/** Whether a work tree or branch of the topic is there. @throws Failed WORKSPACE_UNAVAILABLE */
export async function isStanding({ directory, branch, from }: Worktree): Promise<boolean> {
  if (isWorkTree(directory)) return true;
  return withGit({ withinMs: 10_000 }, async (git) => (await tipOf(git, from, branch)) !== undefined).catch(
    () => false,
  );
}

/**
 * Merges the branch into the one that is checked out where the work tree came from, then removes
 * both. A merge that conflicts is undone.
 *
 * @param message commits first what is not committed
 * @param signal stops git. A merge that has begun is undone.
 */
export async function mergeWorktree(which: Which, message: string | undefined, signal?: AbortSignal): Promise<Merged> {
  const { topic, directory, branch, from } = which;
  return onHost(which, signal, async (git) => {
    const before = await existingTip(git, which);
    const left = await uncommittedIn(git, directory);
    if (left.length > 0 && message === undefined)
      throw unfinished(
        `${directory} has changes that are not committed: ${shown(left)}.`,
        `Commit them: continuity merge ${shellWord(topic)} --commit. Or give them up: continuity discard ${shellWord(topic)} --force`,
      );
    if (left.length > 0) await commitAll(git, directory, message ?? '');
    const tip = left.length > 0 ? await existingTip(git, which) : before;
    const into = await branchIn(git, from);
    if (into === '') throw unavailable(`No branch is checked out in ${from}.`, 'Check out the branch to merge into.');
    const commits = Number(await git(from, 'rev-list', '--count', `HEAD..${tip}`));
    await merged(git, which, tip);
    const commit = (await git(from, 'rev-parse', 'HEAD')).trim();
    await remove(git, which, tip, `${branch} is merged into ${into}`);
    return { topic, branch, directory, into, from, commits, commit };
  });
}

/** A file with the marks of a conflict would be merged as it is. */
async function commitAll(git: Git, directory: string, message: string): Promise<void> {
  const conflicts = await git(directory, 'diff', '--name-only', '--diff-filter=U', '-z');
  if (conflicts !== '')
    throw unfinished(
      `${directory} has conflicts that are not resolved: ${shown(conflicts.split('\0').filter(Boolean))}.`,
      `Resolve them in ${directory}, or ask the topic to.`,
    );
  await git(directory, 'add', '--all');
  await git(directory, 'commit', '--quiet', '-m', message);
}

async function merged(git: Git, { branch, from }: Which, tip: string): Promise<void> {
  if (await git(from, 'rev-parse', '--verify', '--quiet', 'MERGE_HEAD').catch(() => ''))
    throw unavailable(`A merge is under way in ${from}.`, 'Finish it, or give it up: git merge --abort.');
  try {
    // A person's branch.*.mergeOptions could leave it without a commit.
    await git(from, 'merge', '--commit', '--no-squash', '--no-edit', '-m', `Merge branch '${branch}'`, tip);
  } catch (error) {
    // After a deadline, this git no longer runs anything.
    const conflicts = await withGit({ withinMs: 60_000, writes: true }, async (again) => {
      const head = await again(from, 'rev-parse', '--verify', '--quiet', 'MERGE_HEAD').catch(() => '');
      if (head.trim() !== tip) return []; // Git refused before it began, or another merge is under way.
      const files = await again(from, 'diff', '--name-only', '--diff-filter=U', '-z').catch(() => '');
      await again(from, 'merge', '--abort');
      return files.split('\0').filter(Boolean);
    });
    if (conflicts.length > 0)
      throw failed(
        'MERGE_CONFLICT',
        `Branch ${branch} conflicts with what is checked out in ${from}: ${shown(conflicts)}. The merge was undone.`,
        error,
      );
    const said = saidByGit(error);
    const isDirty = /would be overwritten by merge/.test(said);
    throw failed(
      isDirty ? 'MERGE_CONFLICT' : 'WORKSPACE_UNAVAILABLE',
      `git did not merge ${branch} in ${from}: ${said}`,
      error,
      isDirty
        ? `Commit or stash the changes in ${from}, then merge again.`
        : `Do in ${from} what git says, then run the same command again.`,
    );
  }
  if ((await git(from, 'rev-list', '--count', `HEAD..${tip}`)).trim() !== '0')
    throw unfinished(`git merged ${branch} in ${from}, but what is checked out there does not have its commits.`);
}

/** Removes the work tree and its branch. With `force`, work is kept under a ref; otherwise it is refused. */
export async function discardWorktree(which: Which, force: boolean, signal?: AbortSignal): Promise<Discarded> {
  const { topic, directory, branch, from } = which;
  return onHost(which, signal, async (git) => {
    const tip = await existingTip(git, which);
    const left = await uncommittedIn(git, directory);
    // A head that is detached keeps no commits: the next checkout leaves them behind.
    const keeps = (await branchIn(git, from)) ? ['HEAD'] : [`--exclude=${branch}`, '--branches'];
    const commits = Number(await git(from, 'rev-list', '--count', tip, '--not', ...keeps));
    const said = { topic, branch, directory };
    if (left.length === 0 && commits === 0) {
      await remove(git, which, tip, `${branch} has no work`);
      return said;
    }
    const work = [
      ...(commits > 0 ? [`${commits} ${commits === 1 ? 'commit' : 'commits'} that ${from} does not have`] : []),
      ...(left.length > 0 ? [`changes that are not committed: ${shown(left)}`] : []),
    ].join(', and ');
    if (!force)
      throw unfinished(
        `Branch ${branch} in ${directory} has ${work}.`,
        `Merge it: continuity merge ${shellWord(topic)}. Or keep the work under a ref: continuity discard ${shellWord(topic)} --force`,
      );
    const snapshot = left.length > 0 ? await snapshotOf(git, which, tip) : tip;
    const kept_as = `${DISCARDED}${branch.slice('continuity/'.length)}/${await nextNumber(git, which)}`;
    await git(from, 'update-ref', kept_as, snapshot);
    await remove(git, which, snapshot, `The work of ${branch} is kept as ${kept_as}`);
    return { ...said, kept_as, get_back: `git -C ${shellWord(from)} branch NAME ${shellWord(kept_as)}` };
  });
}

/** All that is not ignored becomes a commit on the branch, so that the work tree is clean. */
async function snapshotOf(git: Git, { topic, directory, branch }: Which, tip: string): Promise<string> {
  await git(directory, 'add', '--all');
  const tree = (await git(directory, 'write-tree')).trim();
  const message = `What topic ${topic} had not committed`;
  const snapshot = (await git(directory, ...AS_US, 'commit-tree', tree, '-p', tip, '-m', message)).trim();
  await git(directory, 'update-ref', `refs/heads/${branch}`, snapshot, tip);
  return snapshot;
}

async function nextNumber(git: Git, { branch, from }: Which): Promise<number> {
  const names = await git(
    from,
    'for-each-ref',
    '--format=%(refname)',
    `${DISCARDED}${branch.slice('continuity/'.length)}/`,
  );
  const numbers = names.split('\n').map((name) => Number(/\/(\d+)$/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...numbers) + 1;
}

/** Git removes neither a work tree with changes nor a branch that has moved on. Ignored files go. */
async function remove(git: Git, { directory, branch, from }: Which, tip: string, sofar: string): Promise<void> {
  const half = await isHalf(directory);
  const takeBack = await noteRemoval(directory);
  await git(from, 'worktree', 'remove', ...(half ? ['--force'] : []), directory).catch(async (error: unknown) => {
    if (!isWorkTree(directory)) return; // A person has removed it.
    if ((error as { code?: unknown }).code === REFUSED) await takeBack();
    throw unfinished(
      `${sofar}, but ${directory} is not removed: ${saidByGit(error)}`,
      `See what is in it. What you need of it, move away. Then: git -C ${shellWord(from)} worktree remove --force ${shellWord(directory)}, and the same command again.`,
    );
  });
  await git(from, 'update-ref', '-d', `refs/heads/${branch}`, tip);
  await forgetNote(directory);
}

async function uncommittedIn(git: Git, directory: string): Promise<string[]> {
  if (!isWorkTree(directory) || (await isHalf(directory))) return [];
  const printed = await git(directory, 'status', '--porcelain', '-z', '--no-renames', '--untracked-files=all');
  const files = printed
    .split('\0')
    .filter(Boolean)
    .map((line) => line.slice(3));
  // Git names all new files, but of a repository inside only its directory: it can commit nothing of it.
  const repositories = files.filter((file) => file.endsWith('/'));
  if (repositories.length > 0)
    throw unfinished(
      `${directory} has git repositories in it that are not part of it: ${shown(repositories)}.`,
      'Move them away, remove them, or let git ignore them. What git ignores is removed.',
    );
  return files;
}

/** Empty when the head is detached. */
async function branchIn(git: Git, directory: string): Promise<string> {
  return (await git(directory, 'symbolic-ref', '--quiet', '--short', 'HEAD').catch(() => '')).trim();
}

async function tipOf(git: Git, from: string, branch: string): Promise<string | undefined> {
  return git(from, 'rev-parse', '--verify', '--quiet', `refs/heads/${branch}`).then(
    (tip) => tip.trim(),
    () => undefined,
  );
}

async function existingTip(git: Git, which: Which): Promise<string> {
  const { topic, directory, branch, from } = which;
  const missing = missingGitDirOf(directory);
  if (missing !== undefined) throw unavailable(lostRepository(which, topic, missing), wayBackOf(which));
  const changed = await changedSinceRemoval(git, directory);
  if (changed.length > 0) throw cutOffRemoval(which, changed);
  const tip = await tipOf(git, from, branch);
  if (tip === undefined)
    throw isWorkTree(directory)
      ? unavailable(
          `Topic ${topic} has no branch ${branch} in ${from}, and ${directory} is still there.`,
          `If it was renamed, name it so again: git -C ${shellWord(directory)} branch -m ${shellWord(branch)}`,
        )
      : unavailable(
          `Topic ${topic} has no branch ${branch} in ${from}: it was merged or discarded.`,
          'The next prompt for the topic makes its work tree again.',
        );
  const head = isWorkTree(directory) ? await branchIn(git, directory) : branch;
  if (head !== branch)
    throw unfinished(
      `${directory} has ${head || 'a detached head'} checked out, and not ${branch}.`,
      `Run: git -C ${shellWord(directory)} checkout ${branch}`,
    );
  const listed = (await git(from, 'worktree', 'list', '--porcelain')).split('\n\n').map((one) => one.split('\n'));
  const [elsewhere] = listed.flatMap(([place = '', ...facts]) =>
    facts.includes(`branch refs/heads/${branch}`) && place !== `worktree ${directory}` ? [place.slice(9)] : [],
  );
  if (elsewhere !== undefined)
    throw unfinished(
      `${branch} is checked out in ${elsewhere}, and would be deleted.`,
      `Check out another branch there, or none: git -C ${shellWord(elsewhere)} checkout --detach`,
    );
  return tip;
}

async function onHost<T>(which: Which, ends: AbortSignal | undefined, work: (git: Git) => Promise<T>): Promise<T> {
  const { topic, from } = which;
  await readdir(from).catch((cause: unknown) => {
    const message = `${from}, where the work tree of topic ${topic} came from, cannot be read.`;
    throw failed('WORKSPACE_UNAVAILABLE', message, cause, wayBackOf(which));
  });
  const again = `Do in ${from} what git says, then run the same command again.`;
  let lock: HeldLock | undefined;
  try {
    lock = await lockOf(which);
    return await withGit({ withinMs: DONE_WITHIN_MS, writes: true, ...defined({ signal: ends }) }, work);
  } catch (error) {
    if (error instanceof Failed) throw error;
    const message = `git failed in the repository of topic ${topic}: ${saidByGit(error)}`;
    throw failed('WORKSPACE_UNAVAILABLE', message, error, again);
  } finally {
    lock?.release();
  }
}

/** Of two at once, each would take the merge of the other for its own, and undo it. */
async function lockOf({ directory, from }: Which): Promise<HeldLock> {
  const folder = dirname(directory);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const name = createHash('sha256').update(from).digest('hex').slice(0, 12);
  const lock = takeLock(join(folder, `${name}.lock`), `${process.pid}`);
  if (!('holder' in lock)) return lock;
  const message = `Process ${lock.holder} is merging or discarding a work tree of ${from}.`;
  throw new Failed(failure('WORKSPACE_BUSY', message, 'Wait until it has ended, then run the same command again.'));
}

function shown(files: string[]): string {
  const more = files.length > SHOWN_FILES ? ` and ${files.length - SHOWN_FILES} more` : '';
  return files.slice(0, SHOWN_FILES).join(', ') + more;
}

function failed(code: FailureCode, message: string, cause: unknown, fix?: string): Failed {
  return new Failed(failure(code, message, fix), { cause });
}

const unfinished = (message: string, fix?: string) => new Failed(failure('WORKSPACE_UNFINISHED', message, fix));
