/** Reads a session, and what became of a prompt in it. */
import type { Session, SessionStatus } from '@opencode-ai/sdk/v2/client';
import { defined } from '../../contract/defined.js';
import type { PromptId, SessionId } from '../../contract/ids.js';
import type { SessionRef } from '../agent.js';
import type { PromptKey, Sight } from '../driver.js';
import type { Beside } from './background.js';
import { ask, askIfThere } from './calls.js';
import { isOpenToOthers, unfinishedIn } from './unfinished.js';
import { isOurs, messageIdOf } from './ids.js';
import { newestMessages } from './newest-messages.js';
import { endOf, saidIn } from './outcome.js';
import type { Connection } from './server.js';
import { hasEnded } from './usage.js';
import {
  fingerprintOf,
  lastMovedAt,
  lastPromptOf,
  lastWorkedOnAt,
  turnStateOf,
  type StoredMessage,
  type TurnState,
} from './turn-state.js';

/**
 * A person's turn that has not ended may run in that person's server. Two servers that work on one
 * session livelock (1.18.33).
 */
const ELSEWHERE_MS = 120_000;

/**
 * A session and its directory. The server keeps the status by directory, in exactly the session's
 * spelling.
 */
export interface Place {
  sessionID: SessionId;
  directory: string;
}

export interface OpenCodeSight extends Sight {
  turn: TurnState;
  /** The messages of compactions that were cut off (`unfinishedIn`). */
  unfinished: string[];
}

export interface Read {
  idle: boolean;
  status: SessionStatus;
  messages: StoredMessage[];
  /** Absent: it does not matter. */
  beside?: Beside;
  /** Compactions after this message are those of the prompt (`DriverCompaction.mark`). */
  compactsAfter?: string;
}

export const keyOf = ({ session_id }: SessionRef, prompt: PromptId) => messageIdOf(session_id, prompt) as PromptKey;

/** The server answers 400 to the id of another agent's session (1.18.33). */
const isSessionId = (id: string) => id.startsWith('ses');

/** `undefined` when the server knows no such session. */
export async function findSession({ client }: Connection, sessionID: SessionId): Promise<Session | undefined> {
  if (!isSessionId(sessionID)) return undefined;
  return askIfThere('find the session', (options) => client.session.get({ sessionID }, options));
}

/** Also deletes the sessions of its sub-agents (1.18.33). */
export async function deleteSession({ client }: Connection, sessionID: SessionId): Promise<void> {
  await askIfThere('delete the session', (options) => client.session.delete({ sessionID }, options));
}

/**
 * OpenCode ignores `null`. Its interface takes 0 for not archived (1.18.33).
 *
 * @returns whether the session exists
 */
export async function setArchived(connection: Connection, sessionID: SessionId, archived: boolean): Promise<boolean> {
  const session = await findSession(connection, sessionID);
  if (!session || Boolean(session.time.archived) === archived) return session !== undefined;
  const time = { archived: archived ? Date.now() : 0 };
  const what = archived ? 'archive the session' : 'bring the session back';
  return (
    (await askIfThere(what, (options) => connection.client.session.update({ sessionID, time }, options))) !== undefined
  );
}

/** A session that waits to ask its provider again is not idle (`retry`). */
export async function statusOf(connection: Connection, place: Place): Promise<SessionStatus> {
  return (await statusesIn(connection, place))[place.sessionID] ?? { type: 'idle' };
}

/** The status of each session of the directory that is not idle. */
export function statusesIn(
  { client }: Connection,
  { directory }: Pick<Place, 'directory'>,
): Promise<Partial<Record<string, SessionStatus>>> {
  return ask('tell the status', (options) => client.session.status({ directory }, options));
}

/**
 * Idle only if the session was idle before and after the messages were read, which are the newest.
 * `undefined` when the session does not exist.
 */
export async function readSession(connection: Connection, place: Place, prompt?: string): Promise<Read | undefined> {
  if (!isSessionId(place.sessionID)) return undefined;
  const status = await statusOf(connection, place);
  const messages = await newestMessages(connection, place, prompt);
  const isIdle = async () => (await statusOf(connection, place)).type === 'idle';
  return messages && { idle: status.type === 'idle' && (await isIdle()), status, messages };
}

/** Without a key, looks at the session's last prompt. */
export function sightOf(
  read: Read,
  session: SessionId,
  key?: PromptKey,
  now = Date.now(),
): Omit<OpenCodeSight, 'done'> {
  const { idle, messages, beside } = read;
  const prompt = key ?? lastPromptOf(messages);
  const turn = turnStateOf(messages, prompt ?? '', beside, now);
  const { working, isAwaited } = turn.background;
  const isWaiting = idle && !turn.superseded && (working > 0 || isAwaited);
  return {
    turn,
    unfinished: unfinishedIn(messages),
    ...(prompt !== undefined && isOurs(prompt) && { key: prompt as PromptKey }),
    prompt: turn.present ? 'present' : 'absent',
    ...defined({ text: turn.text }),
    ...(turn.ended && { end: endOf(turn, session) }),
    superseded: turn.superseded,
    busy: isWaiting ? ownerOf(prompt) : busyIn(read, turn),
    ...(isWaiting && { background: working }),
    steps: turn.answers.filter(({ info }) => hasEnded(info)).length,
    fingerprint: fingerprintOf(turn),
    said: () => saidIn(turn),
  };
}

const ownerOf = (prompt = '') => (isOurs(prompt) ? 'this' : 'theirs');

function busyIn({ messages, idle, compactsAfter }: Read, turn: TurnState): Sight['busy'] {
  const { promptMessage, present, superseded } = turn;
  const last = present && !superseded ? promptMessage : lastPromptOf(messages);
  const isCompacted = isOpenToOthers(messages, compactsAfter);
  const isPersons = isCompacted || last === undefined || !isOurs(last);
  if (idle) {
    const movedAt = isCompacted ? lastMovedAt(messages) : lastWorkedOnAt(messages);
    return isPersons && !present && Date.now() - movedAt < ELSEWHERE_MS ? 'theirs' : false;
  }
  if (isPersons) return 'theirs';
  return last === promptMessage ? 'this' : 'ours';
}

/** Succeeds even if nothing runs. */
export async function abort({ client }: Connection, place: Place): Promise<void> {
  await ask('abort the turn', (options) => client.session.abort(place, options));
}
