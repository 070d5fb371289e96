/** Deletes the agent's own conversation, if the agent can, because its topic is being forgotten. */
import { Context } from '@temporalio/activity';
import type { ActivityContext } from './context.js';
import { agentOfSession } from './configured.js';
import { sessionRefOf } from './session-ref.js';
import { refusal, translated } from './translate.js';
import type { StopTurnInput } from './types.js';

export async function deleteSession(
  { topic, session_id, pinned }: StopTurnInput,
  context: ActivityContext,
): Promise<void> {
  const { cancellationSignal } = Context.current();
  try {
    const agent = await agentOfSession({ session_id, pinned }, context);
    const remove = agent.delete?.bind(agent);
    if (!remove) throw refusal('INVALID_PROMPT', `Agent ${pinned.agent} cannot delete a session.`);
    await remove(sessionRefOf({ session_id, pinned }), cancellationSignal);
    context.log('session was deleted', { topic, session_id });
  } catch (error) {
    throw translated(error);
  }
}
