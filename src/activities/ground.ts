/**
 * Finds out whether the branch or the commit that a session works on has changed since its last
 * turn. One line before the prompt tells the session. Commits of its own turn do not count, because
 * the ground is noted when a turn ends. Uncommitted changes do not count.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BRIEF_BEGINS, BRIEF_ENDS } from '../contract/brief-text.js';
import { defined } from '../contract/defined.js';
import { isObject } from '../contract/is-object.js';
import { cutToBytes } from '../contract/text.js';
import { MAX_BRANCH_BYTES, type Ground, type Moved } from '../contract/workspace.js';
import { withGit } from '../host/git.js';
import { writePrivateFile } from '../host/private-file.js';
import { workTreeOf } from '../host/work-tree.js';
import type { TurnClock } from './turn-clock.js';
import type { RunTurnInput } from './types.js';

/** Short, because the turn waits for the answer. */
const GIT_ANSWERS_WITHIN_MS = 5_000;
const SHOWN_HASH = 10;

/** `undefined`: no repository, no commit in it, no git, or no answer in time. */
export async function groundOf(cwd: string): Promise<Ground | undefined> {
  if (workTreeOf(cwd) === undefined) return undefined;
  try {
    const printed = await withGit({ withinMs: GIT_ANSWERS_WITHIN_MS }, (git) =>
      git(cwd, 'rev-parse', '--verify', 'HEAD^0').then(async (commit) => [
        commit,
        await git(cwd, 'symbolic-ref', '--quiet', '--short', 'HEAD').catch(() => ''), // The head is detached.
      ]),
    );
    const [commit = '', branch = ''] = printed.map((text) => text.trim());
    return { ...(branch !== '' && { branch: cutToBytes(branch, MAX_BRANCH_BYTES) }), commit };
  } catch {
    return undefined; // The turn works without it, so git's reason is not reported.
  }
}

/**
 * Whether the ground has moved before this turn. The first attempt notes the answer, because a later
 * one would also see commits of the turn itself.
 */
export async function movedBefore(
  { ground_before: was, session_id, prompt_id, pinned }: RunTurnInput,
  dataDir: string,
): Promise<Moved | undefined> {
  if (!was) return undefined;
  const name = createHash('sha256').update(session_id).digest('hex').slice(0, 32);
  const file = join(dataDir, 'ground', `${name}.json`);
  const noted = notedIn(await readFile(file, 'utf8').catch(() => '')); // ENOENT
  if (noted?.prompt_id === prompt_id) return noted.moved;
  const is = await groundOf(pinned.cwd);
  const moved = is && (is.commit !== was.commit || is.branch !== was.branch) ? { was, is } : undefined;
  // Without the note (a full disk), a repeated attempt may report the turn's own commits.
  await writePrivateFile(file, JSON.stringify({ prompt_id, ...defined({ moved }) })).catch(() => undefined);
  return moved;
}

function notedIn(text: string): { prompt_id?: string; moved?: Moved } | undefined {
  try {
    const noted: unknown = JSON.parse(text);
    return isObject(noted) ? noted : undefined;
  } catch {
    return undefined; // SyntaxError: there is none.
  }
}

/** The ground that a turn leaves if it did nothing: its agent reported no usage. */
export function groundBefore(
  { ground_before }: Pick<RunTurnInput, 'ground_before'>,
  { usage }: Pick<TurnClock, 'usage'>,
): Ground | undefined {
  return usage ? undefined : ground_before;
}

/** The request of a turn, with a line before the prompt that says how the ground has moved. */
export function toldOf<T extends Pick<RunTurnInput, 'prompt' | 'brief_length'>>(input: T, moved: Moved | undefined): T {
  if (!moved) return input;
  const { prompt, brief_length = 0 } = input;
  const [was, is] = [wordsOf(moved.was), wordsOf(moved.is)];
  const line = `${BRIEF_BEGINS}since your last turn in this session, the repository has moved from ${was} to ${is}. You did not do that. Files may differ from what you remember.`;
  const before = line + (brief_length > 0 ? '\n\n' : BRIEF_ENDS);
  return { ...input, prompt: before + prompt, brief_length: before.length + brief_length };
}

function wordsOf({ branch, commit }: Ground): string {
  return `${branch ?? 'a detached head'} at ${commit.slice(0, SHOWN_HASH)}`;
}
