/**
 * An error as another program receives it: plain JSON, the same from the command line and from MCP.
 */
import { Failed, failure, type Failure } from '../contract/failures.js';
import type { PromptId, TopicId } from '../contract/ids.js';

export interface Told {
  error: Omit<Failure, 'code'> & { code: string };
  topic?: TopicId;
  prompt_id?: PromptId;
}

/**
 * An error that was thrown on purpose is `Failed`, and its `toJSON`, if it has one, adds facts. Any
 * other error is a defect of ours.
 */
export function toldOf(error: unknown): Told {
  if (error instanceof Failed)
    return 'toJSON' in error ? (error as { toJSON(): Told }).toJSON() : { error: error.failure as Failure };
  const message = error instanceof Error ? error.message : String(error);
  return { error: failure('INTERNAL', `Something went wrong in continuity itself: ${message}`) };
}
