/** Takes a session out of its agent's own list, if the agent can, because its topic was closed so. */
import { Context } from '@temporalio/activity';
import type { ActivityContext } from './context.js';
import { agentOfSession } from './configured.js';
import { sessionRefOf } from './session-ref.js';
import { translated } from './translate.js';
import type { ArchiveSessionOutput, StopTurnInput } from './types.js';

export async function archiveSession(
  { topic, session_id, pinned }: StopTurnInput,
  context: ActivityContext,
): Promise<ArchiveSessionOutput> {
  const { cancellationSignal } = Context.current();
  try {
    const agent = await agentOfSession({ session_id, pinned }, context);
    const ended = await agent.archive?.(sessionRefOf({ session_id, pinned }), cancellationSignal);
    if (ended === undefined) return { kept_because: `agent ${pinned.agent} has no archive` };
    if (ended === 'busy') return { kept_because: 'a turn that a person started works in it' };
    if (ended === 'missing') return { kept_because: `it is no longer in ${pinned.store}` };
    context.log('session was archived', { topic, session_id });
    return {};
  } catch (error) {
    throw translated(error);
  }
}
