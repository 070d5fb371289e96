/** Stops our turn in a session. */
import { failure } from '../../contract/failures.js';
import type { PromptId } from '../../contract/ids.js';
import { AgentError, type SessionRef } from '../agent.js';
import type { AgentDriver, PromptKey } from '../driver.js';
import type { TurnContext } from './attempt.js';
import { isCompacting } from './compacting.js';
import { patiently, type Reach } from '../shared/patiently.js';
import { WakeUp } from './wake-up.js';

/** OpenCode 1.18.33 kills a tool that ignores SIGTERM after 3 s. */
const STOPS_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 50;
/** While nothing works, and something may still make the agent go on. */
const LOOK_AGAIN_EVERY_MS = 500;

/**
 * Notes the cancellation durably, then stops the turn. A turn that a person started is left alone.
 *
 * @throws AgentError
 */
export async function stopTurn(
  session: SessionRef,
  context: TurnContext,
  signal: AbortSignal,
  prompt?: PromptId,
): Promise<void> {
  const { driver, notes, active } = context;
  const key = prompt && driver.keyOf(session, prompt);
  // The turn's attempt may still wait at the fence, or be gone. The note reaches the next attempt,
  // too.
  if (key) await notes.add('cancelled', key);
  const followed = active.of(session.session_id);
  // The attempt of another prompt stops what it finds at work by itself.
  if (key && followed.length > 0 && !followed.some((turn) => turn.key === key)) return;
  if (!key) for (const turn of followed) await notes.add('cancelled', turn.key);
  await patiently(reachOf(driver, session), signal, () => stopIn(session, context, signal, key));
  for (const turn of followed) turn.wake();
}

/** Reaches the agent's program for work in one session. */
export function reachOf(driver: AgentDriver, session: SessionRef): Reach<number> {
  return {
    connect: () => driver.connect(session),
    recover: (generation) => driver.recover(generation),
    log: driver.log,
  };
}

async function stopIn(
  session: SessionRef,
  { driver, notes }: TurnContext,
  signal: AbortSignal,
  key?: PromptKey,
): Promise<void> {
  const pause = new WakeUp();
  let every = LOOK_EVERY_MS;
  for (const end = Date.now() + STOPS_WITHIN_MS; Date.now() < end; await pause.wait(every)) {
    signal.throwIfAborted();
    const sight = await driver.look(session);
    if (!sight) return;
    // An agent does not report who has asked it to compact.
    if (sight.busy === 'theirs' && !(key && (await isCompacting({ driver, notes }, session, key)))) return;
    if (sight.key !== undefined && (sight.busy || !sight.end)) await notes.add('cancelled', sight.key);
    if (!sight.busy) return;
    await driver.abort(session);
    every = sight.background === 0 ? LOOK_AGAIN_EVERY_MS : LOOK_EVERY_MS;
  }
  throw new AgentError(
    failure(
      'AGENT_CRASHED',
      `The turn in session ${session.session_id} did not stop within ${STOPS_WITHIN_MS / 1000} s.`,
    ),
    true,
  );
}
