/**
 * Stops our turn in a session, and the topic's checks. It does so for an attempt whose worker died
 * before it received the cancellation.
 */
import { Context } from '@temporalio/activity';
import { endChecks } from './check-command.js';
import type { ActivityContext } from './context.js';
import { agentOfSession } from './configured.js';
import { sessionRefOf } from './session-ref.js';
import { handOver, translated } from './translate.js';
import type { StopTurnInput } from './types.js';

const HEARTBEAT_EVERY_MS = 1000;

export async function stopTurn(
  { topic, session_id, pinned, prompt_id }: StopTurnInput,
  host: ActivityContext,
): Promise<void> {
  const context = Context.current();
  // The next turn of the session cancels this activity and waits for its end. So a cancellation
  // only detaches: it must not stop that turn.
  const detach = new AbortController();
  context.cancelled.catch((error: unknown) => detach.abort(error));
  const beat = setInterval(() => context.heartbeat(), HEARTBEAT_EVERY_MS);
  try {
    await endChecks(topic);
    const agent = await agentOfSession({ session_id, pinned }, host);
    await agent.cancel(sessionRefOf({ session_id, pinned }), detach.signal, prompt_id);
    host.log('turn was stopped after its worker had died', { topic, session_id });
  } catch (error) {
    throw handOver(context.cancellationDetails, error) ?? translated(error);
  } finally {
    clearInterval(beat);
  }
}
