/**
 * Copies a session. OpenCode chooses the id and the title of the copy (1.18.33). So `copyOf` notes that it
 * makes a copy, and afterwards notes the id. If a kill comes in between, the next attempt recognises the
 * copy by its title, its time and its last message. A copy that is noted for another seed is not taken.
 */
import type { Session } from '@opencode-ai/sdk/v2/client';
import { defined } from '../../contract/defined.js';
import type { SessionId } from '../../contract/ids.js';
import { Semaphore } from '../../semaphore.js';
import { AgentError, type OpenedSession } from '../agent.js';
import { Unreachable, type DriverForkRequest } from '../driver.js';
import { failureOfDirectory } from '../../host/working-directory.js';
import { nothingToCopy, originalIsLost } from '../shared/not-forked.js';
import { besideIn } from './beside.js';
import { ask } from './calls.js';
import type { OpenCodeHome } from './home.js';
import { newestMessages } from './newest-messages.js';
import { deleteSession, findSession, readSession } from './read-session.js';
import type { Connection } from './server.js';
import { refusalOfSettings } from './settings.js';
import { endOfTurnOf, type StoredMessage } from './turn-state.js';

/** OpenCode stores each message anew, and a session may have thousands. */
const COPIED_WITHIN_MS = 100_000;
/** As OpenCode titles a copy (1.18.33). */
const COPY = / \(fork #\d+\)$/;
const MOST_LISTED = 1_000;

/** Two forks must not run between the search for a copy and the note of its id. */
const oneAtATime = new Semaphore(1);

/**
 * Idempotent by seed.
 *
 * @throws AgentError
 */
export async function forkSession(
  home: OpenCodeHome,
  request: DriverForkRequest,
  signal: AbortSignal,
): Promise<OpenedSession> {
  const { title, cwd, model, mode } = request;
  const missing = await failureOfDirectory(cwd);
  if (missing) throw new AgentError(missing, false);
  return home.withServer(async (connection) => {
    const refusal = await refusalOfSettings(connection, cwd, defined({ model, mode }));
    if (refusal) throw new AgentError(refusal, false);
    const release = await oneAtATime.acquire(signal);
    try {
      const copy = await copyOf(home, connection, request);
      if (copy.title !== title)
        await ask('name the copy', (options) =>
          connection.client.session.update({ sessionID: copy.id, title }, options),
        );
      home.directories.set(copy.id as SessionId, copy.directory);
      return { session_id: copy.id as SessionId, store: home.server.store, ...defined({ model }) };
    } finally {
      release();
    }
  }, signal);
}

/** The copy that was made for the seed, or a new one. */
async function copyOf(home: OpenCodeHome, connection: Connection, request: DriverForkRequest): Promise<Session> {
  const { seed, from } = request;
  const noted = await home.forks.get(seed);
  const known = noted?.session && (await findSession(connection, noted.session as SessionId));
  if (known) return known;
  const original = await findSession(connection, from.session_id);
  if (!original) throw originalIsLost(from);
  const part = await partOf(home, connection, request);
  const since = noted?.since ?? Date.now();
  if (!noted) await home.forks.set(seed, { since });
  const copy =
    (noted && (await madeBefore(home, connection, request, original, since, part))) ??
    (await made(connection, request, part));
  await home.copies.set(copy.id, { seed });
  await home.forks.set(seed, { since, session: copy.id });
  return copy;
}

interface Part {
  last: StoredMessage;
  /** The id of the message after it. Absent: there is none. */
  before?: string;
}

/** Finds the part of the session to copy. */
async function partOf(
  home: OpenCodeHome,
  connection: Connection,
  { from, through }: Pick<DriverForkRequest, 'from' | 'through'>,
): Promise<Part> {
  const place = await home.placeOf(connection, from);
  const read = await readSession(connection, place, through);
  if (!read) throw originalIsLost(from);
  const beside = await besideIn(connection, place, read, through);
  const end = endOfTurnOf(read.messages, through, beside);
  const last = end === undefined ? undefined : read.messages[end - 1];
  if (end === undefined || !last) throw nothingToCopy(from, 'the prompt of that turn');
  return { last, ...defined({ before: read.messages[end]?.info.id }) };
}

async function made(
  connection: Connection,
  { from, cwd }: DriverForkRequest,
  { last, before }: Part,
): Promise<Session> {
  const { client } = connection;
  const copy = await ask(
    'copy the session',
    (options) =>
      client.session.fork({ sessionID: from.session_id, directory: cwd, ...defined({ messageID: before }) }, options),
    COPIED_WITHIN_MS,
  );
  if (await endsWith(connection, copy, last)) return copy;
  // A prompt came while OpenCode copied the whole session. The next attempt ends its copy before that prompt.
  await deleteSession(connection, copy.id as SessionId);
  throw new Unreachable(`Session ${from.session_id} went on while OpenCode copied it`);
}

async function madeBefore(
  home: OpenCodeHome,
  connection: Connection,
  { cwd, seed }: DriverForkRequest,
  original: Session,
  since: number,
  { last }: Part,
): Promise<Session | undefined> {
  const { client } = connection;
  const all = await ask('list the sessions', (options) =>
    client.session.list({ directory: cwd, start: since, limit: MOST_LISTED }, options),
  );
  const name = nameOf(original);
  const copies = all.filter(
    (one) => one.time.created >= since && one.id !== original.id && COPY.test(one.title) && nameOf(one) === name,
  );
  for (const copy of copies) {
    const owner = await home.copies.get(copy.id);
    if ((!owner || owner.seed === seed) && (await endsWith(connection, copy, last))) return copy;
  }
  return undefined;
}

const nameOf = ({ title }: Session) => title.replace(COPY, '');

/** Whether the session ends with a copy of this message: the same time, and as many parts. */
async function endsWith(connection: Connection, session: Session, { info, parts }: StoredMessage): Promise<boolean> {
  const place = { sessionID: session.id as SessionId, directory: session.directory };
  const newest = (await newestMessages(connection, place))?.at(-1);
  return (
    newest?.info.role === info.role &&
    newest.info.time.created === info.time.created &&
    newest.parts.length === parts.length
  );
}
