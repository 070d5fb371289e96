/** Closes a topic, and archives its sessions if the caller asks for that. */
import * as wf from '@temporalio/workflow';
import type { Closed } from '../contract/answers.js';
import { defined } from '../contract/defined.js';
import type { CloseRequest } from '../contract/messages.js';
import type { SessionRecord } from '../contract/state.js';
import { archiveSession } from './calls.js';
import type { Topic } from './topic.js';

export function close(topic: Topic, payload: CloseRequest | undefined | null): Closed | Promise<Closed> {
  const { state } = topic;
  state.closing = true;
  const archives =
    payload?.archive === true &&
    !(topic.ended && !topic.archiving) && // It is too late: the topic has ended without that.
    wf.patched('closed-sessions-are-archived');
  if (archives) state.archives = true;
  if (payload?.now === true) topic.endAll('the topic was closed');
  topic.show();
  const remaining = remainingIn(topic);
  return archives && (remaining === 0 || payload.now === true) ? whenArchived(topic) : { remaining };
}

/** Without `sessions` where the next run archives them, or the topic was forgotten meanwhile. */
async function whenArchived(topic: Topic): Promise<Closed> {
  const { state } = topic;
  await wf.condition(() => topic.archiving !== undefined || topic.rolling || topic.state !== state);
  const sessions = await topic.archiving;
  return { remaining: remainingIn(topic), ...defined({ sessions }) };
}

const remainingIn = ({ state, running }: Topic) => state.queue.length + (running ? 1 : 0);

export async function archiveSessions({ id, state }: Topic): Promise<NonNullable<Closed['sessions']>> {
  const each = state.sessions.map(async (session: SessionRecord) => {
    const { session_id, pinned } = session;
    // Noted first: a prompt may come before the host has said whether it did it.
    session.archive = {};
    const kept_because = await archiveSession(id, session);
    session.archive = defined({ kept_because });
    const archived = kept_because === undefined;
    return { session_id, agent: pinned.agent, host: pinned.host, archived, ...session.archive };
  });
  return Promise.all(each);
}
