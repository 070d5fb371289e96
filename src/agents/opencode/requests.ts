/**
 * What OpenCode waits for a person to answer. The server keeps it in memory, by directory: nothing
 * of it outlives the server (1.18.33).
 */
import type { PermissionRequest, QuestionRequest, ToolPart } from '@opencode-ai/sdk/v2/client';
import { defined } from '../../contract/defined.js';
import type { SessionId } from '../../contract/ids.js';
import { ask, askIfThere } from './calls.js';
import { findSession, type Place } from './read-session.js';
import type { Connection } from './server.js';

export type Request = PermissionRequest | QuestionRequest;

export interface Waiting<R extends Request = Request> {
  request: R;
  /** The sub-agent that the root session started, if a sub-agent asks. */
  subAgent?: string;
  /** The call of the tool that asks, once OpenCode has stored it. */
  call?: ToolPart;
}

/** No session lies deeper. OpenCode starts no sub-agents of sub-agents unless its config says so. */
export const DEEPEST = 16;

export const isPermission = (waiting: Waiting): waiting is Waiting<PermissionRequest> =>
  'permission' in waiting.request;

/**
 * What waits in the session and in the sessions of its sub-agents at any depth, oldest first.
 * Without what was aborted: OpenCode keeps its request, and would still run the tool (1.18.33).
 */
export async function requestsIn(connection: Connection, place: Place): Promise<Waiting[]> {
  const all = await everythingIn(connection, place);
  return all.filter(({ call }) => !call || call.state.status === 'running' || call.state.status === 'pending');
}

/** With what was aborted. */
export async function everythingIn(connection: Connection, { sessionID, directory }: Place): Promise<Waiting[]> {
  const { client } = connection;
  const [permissions, questions] = await Promise.all([
    ask('list the permissions that it needs', (options) => client.permission.list({ directory }, options)),
    ask('list its questions', (options) => client.question.list({ directory }, options)),
  ]);
  const all = [...permissions, ...questions].sort((one, other) => (ageOf(one) < ageOf(other) ? -1 : 1));
  const found = await Promise.all(
    all.map(async (request) => {
      const waiting = await waitingIn(connection, sessionID, request);
      return waiting && { ...waiting, ...defined({ call: await callOf(connection, directory, request) }) };
    }),
  );
  return found.flatMap((waiting) => waiting ?? []);
}

/** Ids of permissions and of questions differ in their first four characters, and then ascend. */
const ageOf = ({ id }: Request) => id.slice(4);

/** `undefined` when another session asks. */
async function waitingIn(connection: Connection, root: SessionId, request: Request): Promise<Waiting | undefined> {
  if (request.sessionID === root) return { request };
  const subAgent = await subAgentIn(connection, root, request.sessionID);
  return subAgent === undefined ? undefined : { request, subAgent };
}

/** The sub-agent of the root in which the session is, at any depth, or that it is itself. */
export async function subAgentIn(
  connection: Connection,
  root: SessionId,
  session: string,
): Promise<string | undefined> {
  let subAgent = session;
  for (let depth = 0; depth < DEEPEST; depth++) {
    const parent = (await findSession(connection, subAgent as SessionId))?.parentID;
    if (parent === root) return subAgent;
    if (parent === undefined) return undefined;
    subAgent = parent;
  }
  return undefined;
}

/** `undefined` when OpenCode itself asks, or has not stored the call yet. */
async function callOf({ client }: Connection, directory: string, { sessionID, tool }: Request) {
  if (!tool) return undefined;
  const { messageID, callID } = tool;
  const message = await askIfThere('find the message', (options) =>
    client.session.message({ sessionID, messageID, directory }, options),
  );
  return message?.parts.find((part): part is ToolPart => part.type === 'tool' && part.callID === callID);
}
