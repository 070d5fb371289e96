/** Checks what a host reports of the place in which a turn worked. Pure. */
import { isObject } from '../contract/is-object.js';
import { isId, type TopicId } from '../contract/ids.js';
import { jsonBytes, utf8Length } from '../contract/text.js';
import { boundedSharing, MAX_BRANCH_BYTES } from '../contract/workspace.js';

/** SHA-1 or SHA-256. */
const COMMIT = /^[0-9a-f]{40}([0-9a-f]{24})?$/;

/** Whether the value of a field in the result of a turn has to be left out. */
export function isBadAboutWorkspace(name: string, value: unknown): boolean {
  if (name === 'workspace') return !isWorktree(value);
  if (name === 'ground_after') return !isGround(value);
  if (name === 'ground') return !(isObject(value) && isGround(value.was) && isGround(value.is));
  return name === 'shares_directory_with' && !isSharing(value);
}

function isGround(value: unknown): boolean {
  if (!isObject(value) || typeof value.commit !== 'string' || !COMMIT.test(value.commit)) return false;
  const { branch } = value;
  return branch === undefined || (typeof branch === 'string' && utf8Length(branch) <= MAX_BRANCH_BYTES);
}

/** Room for two of the longest paths, a branch and a commit. Each session and each outcome carries one. */
export const MAX_WORKTREE_BYTES = 9 * 1024;

export function isWorktree(value: unknown): boolean {
  if (!isObject(value) || value.mode !== 'worktree' || jsonBytes(value) > MAX_WORKTREE_BYTES) return false;
  const { directory, branch, base, from, left_out } = value;
  const isCount = left_out === undefined || Number.isSafeInteger(left_out);
  return isCount && [directory, branch, base, from].every((field) => typeof field === 'string');
}

function isSharing(value: unknown): boolean {
  return Array.isArray(value) && value.every(isId) && boundedSharing(value as TopicId[]).length === value.length;
}
