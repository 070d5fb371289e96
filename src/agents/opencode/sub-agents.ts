/**
 * Which sub-agent is which. After a kill the model starts its sub-agent again, and OpenCode opens
 * another session for it (1.18.33). Pure.
 */
import type { Part, ToolPart } from '@opencode-ai/sdk/v2/client';
import { isDeepStrictEqual } from 'node:util';

/** The session of the sub-agent that this call has started. */
export function subAgentOf({ tool, state }: ToolPart): string | undefined {
  const session = tool === 'task' && 'metadata' in state ? state.metadata?.['sessionId'] : undefined;
  return typeof session === 'string' ? session : undefined;
}

/**
 * The session in which the sub-agent was first tried in this turn. So a sub-agent has the same id
 * however often it was started again with the same task.
 */
export function firstTryOf(subAgent: string, steps: readonly { parts: Part[] }[]): string {
  const calls = steps.flatMap(({ parts }, step) =>
    parts.flatMap((part) => (part.type === 'tool' && subAgentOf(part) !== undefined ? [{ step, part }] : [])),
  );
  const now = calls.find(({ part }) => subAgentOf(part) === subAgent);
  const first = calls.find(
    ({ step, part }) =>
      now && step < now.step && wasCutOff(part) && isDeepStrictEqual(part.state.input, now.part.state.input),
  );
  return (first && subAgentOf(first.part)) ?? subAgent;
}

/** A kill leaves a call as it was. */
function wasCutOff({ state }: ToolPart): boolean {
  if (state.status === 'error') return state.metadata?.['interrupted'] === true;
  return state.status !== 'completed';
}
