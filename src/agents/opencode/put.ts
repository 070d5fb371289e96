/**
 * Puts a prompt in, or continues a turn that was cut off, with one and the same POST. OpenCode
 * keeps one message for one id, so a repeated POST changes nothing and only makes OpenCode go on
 * (1.18.33).
 */
import { defined } from '../../contract/defined.js';
import type { Failure } from '../../contract/failures.js';
import type { SessionRef } from '../agent.js';
import type { KeyedPrompt } from '../driver.js';
import { ask } from './calls.js';
import { failureOfDirectory } from '../../host/working-directory.js';
import { partIdOf } from './ids.js';
import type { Place } from './read-session.js';
import type { Connection } from './server.js';
import { modelRefOf } from './settings.js';
import type { TurnState } from './turn-state.js';

/** @throws CallFailed */
export async function put(
  { client }: Connection,
  place: Place,
  session: SessionRef,
  prompt: KeyedPrompt,
  turn: TurnState,
): Promise<Failure | undefined> {
  const missing = await failureOfDirectory(place.directory);
  if (missing) return missing;
  const { model, mode, variant, instructions } = session;
  // After OpenCode has compacted in mid-turn, it answers a message of its own. A kill can leave
  // that message without its text.
  const isPrompt = turn.answering === prompt.key;
  const parts =
    isPrompt || !turn.answeringText ? [{ id: partIdOf(turn.answering), type: 'text' as const, text: prompt.text }] : [];
  const message = {
    ...place,
    messageID: turn.answering,
    parts,
    ...(model !== undefined && { model: modelRefOf(model) }),
    ...defined({ agent: mode, variant, system: instructions }),
  };
  await ask('take the prompt', (options) => client.session.promptAsync(message, options));
  return undefined;
}
