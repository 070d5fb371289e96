/** Starts a run that takes a prompt or continues a turn. */
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { defined } from '../../contract/defined.js';
import type { Failure } from '../../contract/failures.js';
import type { SessionRef } from '../agent.js';
import { Unreachable, type KeyedPrompt } from '../driver.js';
import { failureOfDirectory } from '../../host/working-directory.js';
import type { ClaudeHome } from './home.js';
import { nudgeIdOf } from './ids.js';
import type { ForkedFrom } from './opened.js';
import { lookAt, type ClaudeSight } from './read-session.js';
import { argumentsOf, environmentOf, refusalOfSettings, type CopyOf, type Settings, type Start } from './settings.js';
import { sessionFileOf } from './store.js';
import { asPut } from './turn-state.js';
import { keepUnstored } from './unstored.js';

const GO_ON = 'Continue from where you left off.';

/** @throws AgentError, Unreachable */
export async function put(
  home: ClaudeHome,
  program: string,
  settings: Settings,
  session: SessionRef,
  prompt: KeyedPrompt,
  sight: ClaudeSight,
): Promise<Failure | undefined> {
  const refusal = (await failureOfDirectory(session.cwd)) ?? refusalOfSettings(session, settings, home.env);
  if (refusal) return refusal;
  const { session_id } = session;
  const lock = home.runs.hold(session_id, prompt.key);
  if (!lock) throw new Unreachable(`A process of Claude Code still works in session ${session_id}`);
  try {
    await home.runs.clear(session_id);
    if (!(await isStillSo(home, session, prompt, sight))) return undefined; // The protocol looks again.
    const { title, fork } = (sight.begun ? undefined : await home.opened.of(session_id)) ?? {};
    const start = startOf(home, session, sight, fork !== undefined);
    if (!sight.begun) await moveEmptyFileAway(await sessionFileOf(home.store, session));
    const message = messageOf(start, prompt, sight);
    home.startedFrom(session_id, start, sight.tail);
    if (sight.state.phase !== 'absent') await keepUnstored(home, session, prompt.key);
    await home.runs.start(session_id, lock, {
      program,
      args: argumentsOf(start, session, settings, {
        gate: home.runs.gateFolderOf(session_id),
        ...defined({ title, fork: fork && (await copyOf(home, session, fork)) }),
      }),
      env: environmentOf(start, home.env),
      cwd: session.cwd,
      ...(message && { message }),
    });
    return undefined;
  } finally {
    lock.release();
  }
}

/**
 * Whether the session is as it was seen. Called under the lock: since the look, a run may have
 * ended, or a person may have opened the session.
 */
async function isStillSo(
  home: ClaudeHome,
  session: SessionRef,
  prompt: KeyedPrompt,
  sight: ClaudeSight,
): Promise<boolean> {
  const now = await lookAt(home, session, prompt.key);
  return (
    now?.fingerprint === sight.fingerprint &&
    now.begun === sight.begun &&
    (await home.otherOn(session.session_id)) === undefined
  );
}

/** Claude Code finds a session by its id in the working directory only, and elsewhere by its file (2.1.331). */
async function copyOf({ store }: ClaudeHome, { cwd }: SessionRef, { at, ...from }: ForkedFrom): Promise<CopyOf> {
  const file = await sessionFileOf(store, from);
  const isHere = dirname(file) === dirname(await sessionFileOf(store, { ...from, cwd }));
  return { at, of: isHere ? from.session_id : file };
}

function startOf(home: ClaudeHome, session: SessionRef, { state, begun, tail }: ClaudeSight, isCopy: boolean): Start {
  if (!begun) return isCopy ? 'copy' : 'new_session';
  if (state.phase === 'absent') return 'prompt';
  // Claude Code does not resume a turn that was interrupted, as by our own cut while it waited for its provider.
  return state.phase === 'mute' || state.phase === 'cancelled' || home.resumedInVain(session.session_id, tail)
    ? 'nudge'
    : 'resume_turn';
}

function messageOf(start: Start, { key, text }: KeyedPrompt, { state }: ClaudeSight): object | undefined {
  if (start === 'resume_turn') return undefined;
  const [uuid, content] = start === 'nudge' ? [nudgeIdOf(key, state.nudges), GO_ON] : [key, asPut(text)];
  return { type: 'user', uuid, session_id: '', parent_tool_use_id: null, message: { role: 'user', content } };
}

/**
 * Moves a session's file without a message, or with a part of a copy, away. Such a file blocks the session: Claude Code
 * reports "already in use" for a new session, and "no conversation found" when it is resumed
 * (2.1.331).
 */
async function moveEmptyFileAway(file: string): Promise<void> {
  await rename(file, `${file}.empty`).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
