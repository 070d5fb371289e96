/** A session that a person began in its agent's own interface becomes the topic's. */
import { defined } from '../contract/defined.js';
import type { SessionRecord } from '../contract/state.js';
import * as calls from './calls.js';
import type { ToAdopt } from './choose-session.js';
import { onHost } from './on-host.js';
import { refused } from './refused.js';
import { addSession } from './session-state.js';
import { deviationFrom, PINNED_FIELDS } from './pinned.js';
import { now } from './time.js';
import type { Work } from './turn.js';

/**
 * @throws ApplicationFailure what the host refused, and SESSION_PINNED where the caller asks for
 * something else than the session has
 */
export async function adoptSession(work: Work, { adopt, host }: ToAdopt): Promise<SessionRecord> {
  const { topic, prompt, scope } = work;
  const { agent, cwd } = prompt.request;
  const { project } = topic.state;
  const input = { topic: topic.id, session_id: adopt, ...defined({ agent, cwd, project }) };
  const take = (where: calls.Where) => calls.adoptSession(input, where);
  const adopted = await (host === undefined ? scope.run(() => take(calls.ANYWHERE)) : onHost(work, host, take));
  const session = { ...adopted, turns: 0, opened_at: now() };
  const deviation = deviationFrom(session, prompt.request, PINNED_FIELDS);
  if (deviation) throw refused(deviation);
  addSession(topic.state, session);
  return session;
}
