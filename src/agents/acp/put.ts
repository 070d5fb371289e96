/**
 * Putting a prompt in, once. It is noted before it is sent, with its text: from then on it is never
 * sent again, because no agent can tell over ACP whether it has it.
 */
import type { Failure } from '../../contract/failures.js';
import type { SessionRef } from '../agent.js';
import { NotPutIn, type KeyedPrompt } from '../driver.js';
import { failureOfDirectory } from '../../host/working-directory.js';
import { digestOf } from './ids.js';
import type { AcpAgent } from './session.js';

const NO_LONGER = 'The instructions that were given here before no longer apply.';

export async function put(
  { name, home }: AcpAgent,
  session: SessionRef,
  prompt: KeyedPrompt,
): Promise<Failure | undefined> {
  const { session_id, cwd } = session;
  const missing = await failureOfDirectory(cwd);
  if (missing) return missing;
  const known = await home.sessions.get(session_id);
  const told = session.instructions === undefined ? undefined : digestOf(session.instructions);
  // ACP has no place for what belongs to the system prompt. It is said once, and again when it
  // changes, so that the conversation before it stays the same.
  const instructions = told === known?.told ? undefined : (session.instructions ?? NO_LONGER);
  await home.turns.set(prompt.key, { text: prompt.text });
  const run = home.runs.get(session_id);
  if (!run?.isReady) {
    await home.turns.remove(prompt.key);
    throw new NotPutIn(
      `${name} ended before the prompt was put into session ${session_id}. Its log is ${home.logFile}.`,
    );
  }
  await home.sessions.set(session_id, {
    ...(known?.answered && { answered: known.answered }),
    last: prompt.key,
    ...(told !== undefined && { told }),
  });
  run.begin(prompt, instructions);
  return undefined;
}
