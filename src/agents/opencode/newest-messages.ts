/**
 * The newest messages of a session, as many as it takes to tell what became of a prompt. A session
 * can have thousands, of 50 KB each.
 */
import { askIfThere } from './calls.js';
import { isOurs } from './ids.js';
import type { Place } from './read-session.js';
import type { Connection } from './server.js';
import { promptsIn, type StoredMessage } from './turn-state.js';

const FIRST = 20;
const TIMES_MORE = 5;

/**
 * Oldest first. With the prompt and all that follows it, if the session has the prompt, and in any
 * case with the last prompt. `undefined` when the session does not exist.
 */
export async function newestMessages(
  { client }: Connection,
  place: Place,
  prompt?: string,
): Promise<StoredMessage[] | undefined> {
  let wanted = prompt;
  for (let limit = FIRST; ; limit *= TIMES_MORE) {
    const messages = await askIfThere('list the messages', (options) =>
      client.session.messages({ ...place, limit }, options),
    );
    if (!messages || messages.length < limit) return messages;
    if (wanted !== undefined && messages.some(({ info }) => info.id === wanted)) return messages;
    if (limit === FIRST && wanted !== undefined && !(await hasMessage(client, place, wanted))) wanted = undefined;
    if (wanted === undefined && showsLastPrompt(messages)) return messages;
  }
}

async function hasMessage(client: Connection['client'], place: Place, messageID: string): Promise<boolean> {
  const found = await askIfThere('find the message', (options) =>
    client.session.message({ ...place, messageID }, options),
  );
  return found !== undefined;
}

/**
 * A prompt that is not ours can be OpenCode's copy of one before it. Only with that one in sight it
 * is known for a copy.
 */
function showsLastPrompt(messages: StoredMessage[]): boolean {
  const prompts = promptsIn(messages);
  const last = prompts.at(-1);
  return last !== undefined && (isOurs(last) || prompts.length > 1);
}
