/** Stops what of ours runs in a session and its checks, in place of an attempt whose worker died before it could be told. */
import { Context } from '@temporalio/activity';
import { endChecks } from './check-command.js';
import type { ActivityContext } from './index.js';
import { sessionRefOf } from './session-ref.js';
import { handOver, refusal, translated } from './translate.js';
import type { StopTurnInput } from './types.js';

const HEARTBEAT_EVERY_MS = 1000;

export async function stopTurn({ topic, session_id, pinned }: StopTurnInput, { agents, host, fence, log }: ActivityContext): Promise<void> {
  const context = Context.current();
  // The next turn of the session cancels this one and waits for its end: it must not be stopped as well.
  const detach = new AbortController();
  context.cancelled.catch((error: unknown) => detach.abort(error));
  const beat = setInterval(() => context.heartbeat(), HEARTBEAT_EVERY_MS);
  try {
    await endChecks(topic);
    const agent = agents.get(pinned.agent);
    if (!agent) throw refusal('AGENT_UNKNOWN', `Agent ${pinned.agent} of session ${session_id} is not in the config of host ${host}.`);
    await fence.alone(session_id, detach, () => agent.cancel(sessionRefOf({ session_id, pinned }), detach.signal));
    log('turn was stopped after its worker had died', { topic, session_id });
  } catch (error) {
    throw handOver(context.cancellationDetails, error) ?? translated(error);
  } finally {
    clearInterval(beat);
  }
}
