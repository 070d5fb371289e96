/**
 * Which session does a prompt go to that names other settings than its session has? The topic has
 * only names, so `resolveAgent` is asked first what they mean on the host. Pure.
 *
 * - What an agent of the same kind can change goes on in the same session, with the new settings.
 * - An agent of another kind goes on in the session that it has in this line of work, otherwise in a
 *   new one. Either way the prompt carries a brief of what was done elsewhere.
 */
import type { ResolveAgentOutput, Resolved } from '../activities/types.js';
import { defined } from '../contract/defined.js';
import { failure, type Failure } from '../contract/failures.js';
import type { SessionRecord, TopicState } from '../contract/state.js';
import type { Changed, Pinned, PromptRequest, SessionChoice } from '../contract/types.js';
import { openingOf, replacementOf, type Chosen, type ToResume } from './choose-session.js';
import { lineOf } from './line-of-work.js';
import { differencesOf } from './pinned.js';
import { currentSession, sessionOf } from './session-state.js';

/** What can change in a session. */
export const SETTINGS = ['agent', 'category', 'model', 'skills'] as const;

/** The session that the prompt goes on from, where it names other settings for it. */
export function askedOtherwise(state: TopicState, request: PromptRequest): SessionRecord | undefined {
  const { session_id, session } = request;
  if (session === 'new') return undefined;
  const before = session_id === undefined ? currentSession(state) : sessionOf(state, session_id);
  return before && differencesOf(before, request, SETTINGS).length > 0 ? before : undefined;
}

export function chooseByAgent(
  state: TopicState,
  request: PromptRequest,
  before: SessionRecord,
  { pinned: asked, kinds }: ResolveAgentOutput,
): Chosen {
  const isOfItsKind = ({ pinned }: SessionRecord) => (pinned.kind ?? kinds[pinned.agent]) === asked.kind;
  const isElsewhere = (session: SessionRecord) => differencesOf(session, request, ['cwd']).length > 0;
  const opening = openingOf(state, request, before);
  if (isOfItsKind(before)) {
    if (isElsewhere(before)) return { opening, choice: { kind: 'new', reason: 'cwd_changed' } };
    return replacementOf(state, request, before) ?? withSettings(before, request, asked, {});
  }
  if (request.session_id !== undefined) return { refused: ofAnotherKind(before, asked) };
  const handoff = { reason: 'agent_changed', follows: before.session_id };
  const old = state.sessions.findLast((one) => lineOf(one) === lineOf(before) && isOfItsKind(one) && !isElsewhere(one));
  // The files are on the host of the session that worked on them.
  if (!old) return { opening, host: before.pinned.host, choice: { kind: 'new', ...handoff } };
  const instead = replacementOf(state, request, old);
  if (instead) return { ...instead, choice: { ...instead.choice, follows: before.session_id } };
  return withSettings(old, request, asked, handoff);
}

function ofAnotherKind({ session_id, pinned }: SessionRecord, { agent }: Resolved): Failure {
  return failure('SESSION_PINNED', `Session ${session_id} is of agent ${pinned.agent}, and ${agent} was asked for.`);
}

function withSettings(
  session: SessionRecord,
  request: PromptRequest,
  asked: Resolved,
  choice: Omit<SessionChoice, 'kind'>,
): ToResume {
  const pinned = pinnedWith(session, request, asked);
  const changed = changeOf(session.pinned, pinned);
  return {
    session,
    choice: { kind: 'resumed', ...choice, ...(Object.keys(changed).length > 0 && { changed }) },
    pinned,
  };
}

/** What neither the prompt names nor the asked agent's config settles stays as it was. */
export function pinnedWith(session: Pick<SessionRecord, 'pinned'>, request: PromptRequest, asked: Resolved): Pinned {
  const { pinned } = session;
  const named = differencesOf(session, request, SETTINGS);
  const isRenamed = asked.agent !== pinned.agent;
  if (named.length === 0 && !isRenamed) return pinned;
  const { agent, kind, mode, model } = asked;
  const after: Pinned = { ...pinned, agent, ...defined({ kind, ...(isRenamed && { mode }) }) };
  const bringsModel = isRenamed || named.includes('category') || named.includes('model');
  if (model !== undefined && bringsModel) take(after, asked, ['model', 'variant']);
  if (named.includes('category') || named.includes('skills'))
    take(after, asked, ['category', 'skills', 'instructions']);
  return after;
}

/** Fields that belong together: one that is absent there goes. */
function take<K extends 'model' | 'variant' | 'category' | 'skills' | 'instructions'>(
  after: Pick<Pinned, K>,
  asked: Pick<Pinned, K>,
  fields: readonly K[],
): void {
  for (const field of fields) {
    if (asked[field] === undefined) delete after[field];
    else after[field] = asked[field];
  }
}

export function changeOf(before: Pinned, after: Pinned): Changed {
  const fields = ['agent', 'category', 'model', 'variant', 'mode', 'skills'] as const;
  const isChanged = (field: (typeof fields)[number]) =>
    after[field] !== undefined && JSON.stringify(before[field]) !== JSON.stringify(after[field]);
  return Object.fromEntries(fields.filter(isChanged).map((field) => [field, after[field]]));
}
