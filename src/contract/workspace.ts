/** The place in which an agent works, and how it changed meanwhile. Anyone may import this. */
import type { TopicId } from './ids.js';
import { jsonBytes } from './text.js';
import type { Pinned } from './types.js';

export const WORKSPACE_MODES = ['shared', 'queue', 'worktree'] as const;
/**
 * `shared`: turns of several topics may work in one directory at once, and their results say so.
 * `queue`: the turn works alone in its directory. `worktree`: the session has a git work tree of its
 * own.
 */
export type WorkspaceMode = (typeof WORKSPACE_MODES)[number];

/** The place that a prompt asks for. */
export interface WorkspaceWish {
  mode: WorkspaceMode;
}

/** What a git work tree has checked out. Changes that are not committed are not part of it. */
export interface Ground {
  /** At most 80 bytes. Absent: the head is detached. */
  branch?: string;
  /** The whole hash. */
  commit: string;
}

/** The ground when the session's turn before this one ended, and when this turn began. */
export interface Moved {
  was: Ground;
  is: Ground;
}

export const MAX_BRANCH_BYTES = 80;
/** The topics that one outcome names. */
const MAX_SHARING_TOPICS = 10;
const MAX_SHARING_BYTES = 2048;

/** Keeps the first of them, each once. */
export function boundedSharing(topics: readonly TopicId[]): TopicId[] {
  let left = MAX_SHARING_BYTES;
  const each = [...new Set(topics)].slice(0, MAX_SHARING_TOPICS);
  return each.filter((topic) => (left -= jsonBytes(topic)) >= 0);
}

export function isWorkspaceMode(value: unknown): value is WorkspaceMode {
  return WORKSPACE_MODES.includes(value as WorkspaceMode);
}

/** A git work tree that belongs to one topic. */
export interface Worktree {
  mode: 'worktree';
  /** Its root. */
  directory: string;
  branch: string;
  /** The commit at which the branch began. */
  base: string;
  /** The root of the work tree that it was made from, and is merged into. */
  from: string;
  /** How many changed files of `from` were not committed when it was made. They are not in it. */
  left_out?: number;
}

/** The answer of `merge`. */
export interface Merged {
  topic: string;
  branch: string;
  /** It is removed. */
  directory: string;
  /** The branch that now has the work, and the work tree in which it is checked out. */
  into: string;
  from: string;
  /** How many commits were merged. */
  commits: number;
  /** The commit that `into` is at now. */
  commit: string;
}

/** The answer of `discard`. */
export interface Discarded {
  topic: string;
  branch: string;
  directory: string;
  /** The ref that keeps the work. Absent: there was no work. */
  kept_as?: string;
  /** The command that makes a branch of that ref. */
  get_back?: string;
}

/** The directory whose config counts for a session. For a work tree, the one that it was made from. */
export function configDirectoryOf({
  cwd,
  asked_cwd,
  workspace,
}: Pick<Pinned, 'cwd' | 'asked_cwd' | 'workspace'>): string {
  return (workspace && asked_cwd) ?? cwd;
}
