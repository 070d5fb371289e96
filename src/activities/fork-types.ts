/** Input and output of `findOrigin` and `forkSession`. As `types.ts`. */
import type { ForkOrigin } from '../contract/fork.js';
import type { ForkWish } from '../contract/fork-wish.js';
import type { PromptId, TopicId } from '../contract/ids.js';
import type { Pinned } from '../contract/types.js';
import type { WorkspaceMode } from '../contract/workspace.js';
import type { OpenSessionOutput } from './types.js';

export interface FindOriginInput {
  wish: ForkWish;
  /** The caller's project. Absent: it is not compared. */
  project?: string;
}

export interface ForkSessionInput {
  topic: TopicId;
  /** As for `openSession`: the same prompt again finds the same copy. */
  prompt_id: PromptId;
  epoch?: string;
  from: Pick<ForkOrigin, 'session_id' | 'prompt_id'> & { pinned: Pinned };
  /** What the copy has pinned, except for its directory. */
  pinned: Pinned;
  /** Where the caller wants it to work. Absent: where the original does. */
  cwd?: string;
  /** Replaces that of the original. */
  workspace?: WorkspaceMode;
}

/** `cannot`: why the agent made no copy. No session was opened. */
export type ForkSessionOutput = OpenSessionOutput | { cannot: string };
