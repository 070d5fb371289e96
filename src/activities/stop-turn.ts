/** Stops what of ours runs in a session, in place of an attempt whose worker died before it could be told. */
import { Context } from '@temporalio/activity';
import type { ActivityContext } from './index.js';
import { sessionRefOf } from './run-turn.js';
import { refusal, translated } from './translate.js';
import type { StopTurnInput } from './types.js';

export async function stopTurn({ topic, session_id, pinned }: StopTurnInput, { agents, host, fence, log }: ActivityContext): Promise<void> {
  const { cancellationSignal } = Context.current();
  try {
    const agent = agents.get(pinned.agent);
    if (!agent) throw refusal('AGENT_UNKNOWN', `Agent ${pinned.agent} of session ${session_id} is not in the config of host ${host}.`);
    await fence.alone(session_id, new AbortController(), () => agent.cancel(sessionRefOf({ session_id, pinned }), cancellationSignal));
    log('turn was stopped after its worker had died', { topic, session_id });
  } catch (error) {
    throw translated(error);
  }
}
