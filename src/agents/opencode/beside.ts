/** Reads what the end of a turn depends on, beside its messages. */
import type { PromptKey } from '../driver.js';
import type { Beside } from './background.js';
import { ask } from './calls.js';
import { childrenOf } from './children.js';
import { isOurPlugin } from './plugin.js';
import type { Place, Read } from './read-session.js';
import type { Connection } from './server.js';
import { lastPromptOf } from './turn-state.js';

/**
 * `undefined` while the session's own agent works and nothing came after the prompt. Without a key,
 * it is about the session's last prompt.
 *
 * @throws CallFailed
 */
export async function besideIn(
  connection: Connection,
  place: Place,
  { idle, messages }: Pick<Read, 'idle' | 'messages'>,
  key: PromptKey | undefined,
): Promise<Beside | undefined> {
  const last = lastPromptOf(messages);
  const prompt = messages.find(({ info }) => info.id === (key ?? last));
  if (!prompt || (!idle && prompt.info.id === last)) return undefined;
  const hasList = messages.some(({ parts }) => parts.some((part) => part.type === 'tool' && part.tool === 'todowrite'));
  return {
    children: await childrenOf(connection, place, prompt.info.time.created),
    hasPlugins: hasList && (await hasPluginsIn(connection, place)),
  };
}

async function hasPluginsIn({ client }: Connection, { directory }: Place): Promise<boolean> {
  const { plugin = [] } = await ask('tell its config', (options) => client.config.get({ directory }, options));
  return plugin.some((entry) => !isOurPlugin(entry));
}
