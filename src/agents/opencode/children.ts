/** Reads the sessions of sub-agents, at any depth. */
import type { Session } from '@opencode-ai/sdk/v2/client';
import type { SessionId } from '../../contract/ids.js';
import type { Child } from './background.js';
import { askIfThere } from './calls.js';
import { statusesIn, type Place } from './read-session.js';
import type { Connection } from './server.js';
import { hasEnded, timesOf, type StoredMessage } from './turn-state.js';
import { usageOf } from './usage.js';

/** OpenCode starts no sub-agents of sub-agents unless its config says so. */
const DEEPEST = 16;
/** How many messages are asked for at first, as one can have 50 KB. */
const FIRST = 10;
const TIMES_MORE = 5;

type IsWorking = (child: Pick<Child, 'id' | 'directory'>) => Promise<boolean>;

/**
 * Those that have worked since, or still work.
 *
 * @throws CallFailed
 */
export async function childrenOf(connection: Connection, place: Place, since: number): Promise<Child[]> {
  const isWorking = workingIn(connection);
  const sessions = await sessionsBelow(connection, place, since, isWorking, DEEPEST);
  return Promise.all(sessions.map((session) => childOf(connection, session, since, isWorking)));
}

/** Whether each of them still works. */
export async function allWork(connection: Connection, children: readonly Child[]): Promise<boolean> {
  const isWorking = workingIn(connection);
  for (const child of children) if (!(await isWorking(child))) return false;
  return true;
}

export const placeOf = ({ id, directory }: Pick<Child, 'id' | 'directory'>): Place => ({
  sessionID: id as SessionId,
  directory,
});

/** Asks once for each directory. */
function workingIn(connection: Connection): IsWorking {
  const statuses = new Map<string, ReturnType<typeof statusesIn>>();
  return async ({ id, directory }) => {
    const all = statuses.get(directory) ?? statusesIn(connection, { directory });
    statuses.set(directory, all);
    return ((await all)[id]?.type ?? 'idle') !== 'idle';
  };
}

async function sessionsBelow(
  connection: Connection,
  place: Place,
  since: number,
  isWorking: IsWorking,
  depth: number,
): Promise<Session[]> {
  if (depth === 0) return [];
  const children = await askIfThere('list its sub-agents', (options) =>
    connection.client.session.children(place, options),
  );
  const found: Session[] = [];
  for (const child of children ?? []) {
    if (Math.max(child.time.created, child.time.updated) < since && !(await isWorking(child))) continue;
    found.push(child, ...(await sessionsBelow(connection, placeOf(child), since, isWorking, depth - 1)));
  }
  return found;
}

async function childOf(connection: Connection, session: Session, since: number, isWorking: IsWorking): Promise<Child> {
  const { id, directory, time } = session;
  const child = { id, directory, created: time.created };
  if (await isWorking(session)) return { ...child, state: 'works', movedAt: Date.now() };
  const messages = await messagesSince(connection, placeOf(session), since);
  const last = messages.at(-1);
  // Nothing was asked in it yet.
  if (!last) return { ...child, state: 'ended', movedAt: time.created };
  const steps = messages.flatMap(({ info, parts }) =>
    info.role === 'assistant' && info.time.created >= since ? [{ info, parts }] : [],
  );
  return {
    ...child,
    state: stateOf(last),
    movedAt: movedAt(last),
    ...(steps.length > 0 && { used: usageOf(steps) }),
  };
}

/** With the last one, however old. */
async function messagesSince(connection: Connection, place: Place, since: number): Promise<StoredMessage[]> {
  for (let limit = FIRST; ; limit *= TIMES_MORE) {
    const messages = await askIfThere('list the messages', (options) =>
      connection.client.session.messages({ ...place, limit }, options),
    );
    const [oldest] = messages ?? [];
    if (!messages || messages.length < limit || (oldest && oldest.info.time.created < since)) return messages ?? [];
  }
}

function stateOf({ info, parts }: StoredMessage): Child['state'] {
  if (info.role === 'user') return 'cut_off';
  return hasEnded({ info, parts }, info.parentID) ? 'ended' : 'cut_off';
}

function movedAt({ info, parts }: StoredMessage): number {
  const completed = info.role === 'assistant' ? (info.time.completed ?? 0) : 0;
  return Math.max(info.time.created, completed, ...parts.flatMap(timesOf));
}
