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
import { newestMessages } from './newest-messages.js';
import type { OpenCodeSight, Place } from './read-session.js';
import type { Connection } from './server.js';
import { modelRefOf } from './settings.js';
import { unfinishedIn } from './unfinished.js';

/** @throws CallFailed */
export async function put(
  connection: Connection,
  place: Place,
  session: SessionRef,
  prompt: KeyedPrompt,
  { turn, unfinished }: Pick<OpenCodeSight, 'turn' | 'unfinished'>,
): Promise<Failure | undefined> {
  const missing = await failureOfDirectory(place.directory);
  if (missing) return missing;
  if (!turn.present) await removeMessages(connection, place, await stillUnfinished(connection, place, unfinished));
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
  await ask('take the prompt', (options) => connection.client.session.promptAsync(message, options));
  return undefined;
}

/** Looks again, because one of them may have finished meanwhile in a person's own OpenCode. */
async function stillUnfinished(connection: Connection, place: Place, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  return unfinishedIn((await newestMessages(connection, place)) ?? []).filter((id) => ids.includes(id));
}

/** Removes cut-off compactions, because OpenCode would take their summary for the answer (`unfinished.ts`). */
async function removeMessages({ client }: Connection, place: Place, ids: readonly string[]): Promise<void> {
  for (const messageID of ids)
    await ask('remove a compaction that was cut off', (options) =>
      client.session.deleteMessage({ ...place, messageID }, options),
    );
}
