/** Where an agent works, and what happened to that place meanwhile. Anyone may import this. */
import type { TopicId } from './ids.js';
import { jsonBytes } from './text.js';

export const WORKSPACE_MODES = ['shared', 'queue'] as const;
/**
 * `shared`: turns of several topics may work in one directory at once, and their results say so.
 * `queue`: the turn works alone in its directory.
 */
export type WorkspaceMode = (typeof WORKSPACE_MODES)[number];

/** What a prompt asks for. */
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

/** The first of them, each once. */
export function boundedSharing(topics: readonly TopicId[]): TopicId[] {
  let left = MAX_SHARING_BYTES;
  const each = [...new Set(topics)].slice(0, MAX_SHARING_TOPICS);
  return each.filter((topic) => (left -= jsonBytes(topic)) >= 0);
}

export function isWorkspaceMode(value: unknown): value is WorkspaceMode {
  return WORKSPACE_MODES.includes(value as WorkspaceMode);
}
