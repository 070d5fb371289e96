/**
 * Opens a session. Claude Code stores a session with its first prompt. Until then, our note says that the
 * session may be started, and of which session it is a copy.
 */
import { defined } from '../../contract/defined.js';
import { AgentError, type OpenedSession, type OpenRequest, type SessionRef } from '../agent.js';
import type { DriverForkRequest, PromptKey } from '../driver.js';
import { failureOfDirectory } from '../../host/working-directory.js';
import { nothingToCopy, originalIsLost } from '../shared/not-forked.js';
import type { ClaudeHome } from './home.js';
import { isSessionId, sessionIdOf } from './ids.js';
import type { ForkedFrom, Opened } from './opened.js';
import { lookAt } from './read-session.js';
import { readRows } from './rows.js';
import { refusalOfSettings, type Settings } from './settings.js';
import { sessionFileOf } from './store.js';
import { conversationUpTo } from './turn-state.js';

/** @throws AgentError */
export function openSession(home: ClaudeHome, settings: Settings, request: OpenRequest): Promise<OpenedSession> {
  return opened(home, settings, request, () => Promise.resolve({ title: request.title }));
}

/** The first prompt makes the copy. @throws AgentError */
export function forkSession(home: ClaudeHome, settings: Settings, request: DriverForkRequest): Promise<OpenedSession> {
  const { title, from, through } = request;
  return opened(home, settings, request, async () => ({ title, fork: await forkedFrom(home, from, through) }));
}

async function opened(
  home: ClaudeHome,
  settings: Settings,
  { seed, cwd, model, variant, mode }: OpenRequest,
  note: () => Promise<Opened>,
): Promise<OpenedSession> {
  const refusal = (await failureOfDirectory(cwd)) ?? refusalOfSettings(defined({ variant, mode }), settings, home.env);
  if (refusal) throw new AgentError(refusal, false);
  const session_id = sessionIdOf(seed);
  const ref: SessionRef = { session_id, cwd, store: home.store };
  const sight = await lookAt(home, ref);
  // The first note of a copy stays: the original may have gone on since then.
  if (!sight?.begun && !(await home.opened.of(session_id))?.fork) await home.opened.add(session_id, await note());
  return { session_id, store: home.store, ...defined({ model }) };
}

async function forkedFrom(home: ClaudeHome, from: SessionRef, through: PromptKey): Promise<ForkedFrom> {
  const { session_id, cwd } = from;
  const rows = isSessionId(session_id) ? await readRows(await sessionFileOf(home.store, from)) : undefined;
  if (!rows) throw originalIsLost(from);
  const turns = conversationUpTo(rows, through);
  if (!turns) throw nothingToCopy(from, 'the prompt of that turn');
  // Claude Code ends a copy only with an answer.
  const last = turns.findLast(({ type }) => type === 'assistant');
  if (!last) throw nothingToCopy(from, 'an answer up to that turn');
  return { session_id, cwd, at: last.uuid };
}
