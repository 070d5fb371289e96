/** What a caller in another program is told of an error: plain JSON, the same for the command line and for MCP. */
import { failure, type Failure } from '../contract/failures.js';
import type { PromptId, TopicId } from '../contract/ids.js';

export interface Told {
  error: Omit<Failure, 'code'> & { code: string };
  topic?: TopicId;
  prompt_id?: PromptId;
}

/** What the parts throw carries a failure, and knows itself as JSON where there is more to tell. Anything else is a defect. */
export function toldOf(error: unknown): Told {
  if (typeof error === 'object' && error !== null && 'failure' in error) {
    if ('toJSON' in error) return (error as { toJSON(): Told }).toJSON();
    return { error: error.failure as Told['error'] };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { error: failure('INTERNAL', `Something went wrong in continuity itself: ${message}`) };
}
