/**
 * Two topics never take over one session. Temporal's visibility tells which topic has it, but only
 * some milliseconds after that topic took it, so a note in the data directory covers the time until
 * then. The worker that holds the directory is the only one that writes there.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { failed } from '../contract/failures.js';
import { topicOfWorkflow, workflowIdOf, type SessionId, type TopicId } from '../contract/ids.js';
import { view } from '../contract/messages.js';
import { hasSession, havingSession } from '../contract/search-attributes.js';
import { writePrivateFile } from '../host/private-file.js';
import { Semaphore } from '../semaphore.js';
import type { AdoptSessionInput } from './types.js';

/** Far longer than visibility takes. */
const CLAIMED_FOR_MS = 10_000;
const TOPIC_ANSWERS_WITHIN_MS = 3_000;

const oneAtATime = new Semaphore(1);

/** @throws SESSION_PINNED where another topic has the session, or is just taking it over */
export async function claim(client: Client, dataDir: string, claimed: Claim): Promise<void> {
  const file = join(dataDir, 'adopted', createHash('sha256').update(claimed.session_id).digest('hex').slice(0, 32));
  const release = await oneAtATime.acquire();
  try {
    await claimAlone(client, file, claimed);
  } finally {
    release();
  }
}

type Claim = Pick<AdoptSessionInput, 'topic' | 'session_id'>;

async function claimAlone(client: Client, file: string, { topic, session_id }: Claim): Promise<void> {
  const claimant = await claimantIn(file);
  const holds = claimant !== undefined && (claimant === topic || (await mayHave(client, claimant, session_id)));
  const has = holds ? claimant : await topicWith(client, session_id);
  if (has !== undefined && has !== topic)
    throw failed(
      'SESSION_PINNED',
      `Session ${session_id} belongs to topic ${has}, not to topic ${topic}.`,
      `Delegate to topic ${has}, or to the session without naming a topic.`,
    );
  await writePrivateFile(file, topic, { durable: true });
  const folder = dirname(file);
  for (const name of await readdir(folder))
    if (!(await isRecent(join(folder, name)))) await rm(join(folder, name), { force: true });
}

async function claimantIn(file: string): Promise<TopicId | undefined> {
  return (await isRecent(file)) ? ((await readFile(file, 'utf8')) as TopicId) : undefined;
}

/**
 * False for a topic that did not take the session in the end, because its prompt asked for something
 * else than the session has or because its run was ended, and for one that was forgotten since.
 */
async function mayHave(client: Client, topic: TopicId, session: SessionId): Promise<boolean> {
  const handle = client.workflow.getHandle(workflowIdOf(topic));
  try {
    return await client.withDeadline(Date.now() + TOPIC_ANSWERS_WITHIN_MS, async () => {
      const { sessions, running, recalling } = await handle.query(view);
      if (sessions.some(({ session_id }) => session_id === session)) return true;
      const isTaking = recalling === true || running?.session_id === null;
      return isTaking && (await handle.describe()).status.name === 'RUNNING';
    });
  } catch (error) {
    return !(error instanceof WorkflowNotFoundError); // A topic that does not answer may have it.
  }
}

async function isRecent(file: string): Promise<boolean> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return found !== undefined && Date.now() - found.mtimeMs < CLAIMED_FOR_MS;
}

/** Open or closed; the newest run counts, as it does for a caller who names the session. */
async function topicWith(client: Client, session: SessionId): Promise<TopicId | undefined> {
  let newest: { workflowId: string; startTime: Date } | undefined;
  for await (const run of client.workflow.list({ query: havingSession(session) }))
    if (hasSession(run, session) && (!newest || run.startTime > newest.startTime)) newest = run;
  return newest && topicOfWorkflow(newest.workflowId);
}
