/**
 * Begins the first session of a topic as a copy of another topic's session. The original stays as it is.
 * If its agent can't copy it, or the prompt names another agent, a new session gets a brief of it.
 */
import * as wf from '@temporalio/workflow';
import { defined } from '../contract/defined.js';
import type { ForkOrigin } from '../contract/fork.js';
import type { ForkWish } from '../contract/fork-wish.js';
import type { SessionRecord } from '../contract/state.js';
import type { Changed, Pinned, SessionChoice } from '../contract/types.js';
import { forkBriefOf } from './brief.js';
import * as calls from './calls.js';
import { changeOf, pinnedWith, SETTINGS } from './choose-by-agent.js';
import { openingOf, type ToFork } from './choose-session.js';
import { onHost } from './on-host.js';
import { openedInTime, openSession } from './open-session.js';
import { differencesOf } from './pinned.js';
import { addSession } from './session-state.js';
import { now } from './time.js';
import type { Work } from './turn.js';

/** @throws what its activities throw, such as TOPIC_UNKNOWN, SESSION_UNKNOWN, SESSION_LOST */
export async function forkedSession(
  work: Work,
  { fork }: ToFork,
): Promise<{ session: SessionRecord; choice: SessionChoice }> {
  const origin = await originOf(work, fork);
  const { topic, session_id, turn } = origin;
  const choice = { kind: 'new' as const, forked_from: { topic, session_id, turn } };
  const settings = await settingsOf(work, origin);
  const session = settings && (await copied(work, origin, settings.pinned));
  delete work.turn.forking;
  if (session) return { session, choice: { ...choice, reason: 'forked', ...changedBy(settings) } };
  return { session: await told(work, origin), choice: { ...choice, reason: 'forked_with_brief' } };
}

/** The run before this one may have made the copy already. A run that continues its wait must find the same one. */
async function originOf(work: Work, fork: ForkWish): Promise<ForkOrigin> {
  const { turn: running, prompt, scope } = work;
  const { forking } = running;
  const wish = forking ? { topic: forking.topic, session_id: forking.session_id, at: forking.turn } : fork;
  const asked = { wish, ...defined({ project: prompt.request.project }) };
  const origin = await openedInTime(work, () => scope.run(() => calls.findOrigin(asked)));
  const { topic, session_id, turn } = origin;
  running.forking = { topic, session_id, turn };
  return origin;
}

interface Settings {
  pinned: Pinned;
  changed: Changed;
}

const changedBy = ({ changed }: Settings): Pick<SessionChoice, 'changed'> =>
  Object.keys(changed).length > 0 ? { changed } : {};

/** What the copy has pinned. `undefined`: an agent of another kind is asked for. */
async function settingsOf(work: Work, { session }: ForkOrigin): Promise<Settings | undefined> {
  const { pinned } = session;
  const { request } = work.prompt;
  if (differencesOf(session, request, SETTINGS).length === 0) return { pinned, changed: {} };
  const opening = openingOf({ project: pinned.project }, request, session);
  const input = { opening, agents: pinned.kind === undefined ? [pinned.agent] : [] };
  const asked = await onHost(work, pinned.host, (where) => calls.resolveAgent(input, where));
  if ((pinned.kind ?? asked.kinds[pinned.agent]) !== asked.pinned.kind) return undefined;
  const after = pinnedWith(session, request, asked.pinned);
  return { pinned: after, changed: changeOf(pinned, after) };
}

/** `undefined`: the agent can't copy it. */
async function copied(work: Work, origin: ForkOrigin, pinned: Pinned): Promise<SessionRecord | undefined> {
  const { topic, prompt } = work;
  const { epoch } = topic.state;
  const { request, prompt_id } = prompt;
  const { session_id, prompt_id: through, session } = origin;
  const input = {
    topic: topic.id,
    prompt_id,
    ...defined({ epoch }),
    from: { session_id, prompt_id: through, pinned: session.pinned },
    pinned,
    ...defined({ cwd: request.cwd, workspace: request.workspace?.mode }),
  };
  const forked = await openedInTime(work, () =>
    onHost(work, session.pinned.host, (where) => calls.forkSession(input, where)),
  );
  if ('cannot' in forked) return undefined;
  const record = { ...forked, turns: 0, opened_at: now(), ...defined({ ground: session.ground }) };
  addSession(topic.state, record);
  return record;
}

/** Opens a new session. Its first turn carries a brief of the session that could not be copied. */
async function told(work: Work, origin: ForkOrigin): Promise<SessionRecord> {
  const { session } = origin;
  const { host, project } = session.pinned;
  const opening = openingOf({ project }, work.prompt.request, session);
  const opened = await openSession(work, { opening, host });
  opened.told_first = forkBriefOf(origin, await filesSince(work, opened, session.opened_at));
  return opened;
}

/** Without an answer, the brief has no files. */
async function filesSince(work: Work, { pinned }: SessionRecord, since: string): Promise<string | undefined> {
  try {
    const changed = await onHost(work, pinned.host, (where) => calls.changedFiles({ cwd: pinned.cwd, since }, where));
    return changed.stat;
  } catch (error) {
    if (wf.isCancellation(error) || !(error instanceof wf.ActivityFailure)) throw error;
    return undefined;
  }
}
