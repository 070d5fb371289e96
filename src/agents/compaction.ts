/** The part of a driver that has its agent compact a conversation. Types only. */
import type { Usage } from '../contract/types.js';
import type { SessionRef } from './agent.js';
import type { PromptKey } from './driver.js';

/** Compacts a conversation on request, before a prompt is put in. */
export interface DriverCompaction {
  /** Names the end of the conversation, so that `look` can tell what came later. */
  mark(session: SessionRef): Promise<string>;
  /**
   * Starts a compaction in a session in which nothing works. Returns once `look` sees it. `attempt`:
   * 1 for the first one before this prompt.
   *
   * @throws AgentError when the agent cannot
   * @throws Unreachable when it is not known whether it was started
   */
  start(session: SessionRef, prompt: PromptKey, attempt: number): Promise<void>;
  /** What became of the compaction that was started after the mark. @throws Unreachable */
  look(session: SessionRef, mark: string): Promise<CompactionSight>;
}

export type CompactionSight =
  | { is: 'running' }
  | { is: 'done'; /** Absent: the agent does not tell. */ usage?: Usage }
  | { is: 'failed'; because?: string; usage?: Usage }
  /** There is none, or it was cut off. */
  | { is: 'absent' };
