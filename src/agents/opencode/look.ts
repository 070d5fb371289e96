/** Reading a session. */
import type { Session, SessionStatus } from '@opencode-ai/sdk/v2/client';
import type { SessionId } from '../../contract/ids.js';
import { ask, askIfThere } from './calls.js';
import type { Connection } from './server.js';
import type { StoredMessage } from './turn-state.js';

export interface Look {
  idle: boolean;
  status: SessionStatus;
  messages: StoredMessage[];
}

/** Where a session is, to the server: its status is kept per directory, spelt exactly as the session has it. */
export interface Place {
  sessionID: SessionId;
  directory: string;
}

/** undefined: the server knows no such session. */
export async function findSession({ client }: Connection, sessionID: SessionId): Promise<Session | undefined> {
  return askIfThere('find the session', (options) => client.session.get({ sessionID }, options));
}

/** With its sub-agents' sessions (1.18.33). */
export async function deleteSession({ client }: Connection, sessionID: SessionId): Promise<void> {
  await askIfThere('delete the session', (options) => client.session.delete({ sessionID }, options));
}

/** Not idle while it waits to ask its provider again (`retry`). */
export async function statusOf({ client }: Connection, { sessionID, directory }: Place): Promise<SessionStatus> {
  return (await ask('tell the status', (options) => client.session.status({ directory }, options)))[sessionID] ?? { type: 'idle' };
}

/** Idle only if it was so before and after the messages were read. undefined: the session is gone. */
export async function lookAt(connection: Connection, place: Place): Promise<Look | undefined> {
  const status = await statusOf(connection, place);
  const messages = await askIfThere('list the messages', (options) => connection.client.session.messages(place, options));
  const isIdle = async () => (await statusOf(connection, place)).type === 'idle';
  return messages && { idle: status.type === 'idle' && (await isIdle()), status, messages };
}

/** Answers well even where nothing runs. */
export async function abort({ client }: Connection, place: Place): Promise<void> {
  await ask('abort the turn', (options) => client.session.abort(place, options));
}
