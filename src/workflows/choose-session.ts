/** Chooses the session that a prompt goes to ([docs/sessions.md](../../docs/sessions.md)). Pure. */
import { defined } from '../contract/defined.js';
import { failure, type Failure } from '../contract/failures.js';
import type { ForkWish } from '../contract/fork-wish.js';
import type { QueuedPrompt, SessionRecord, TopicState } from '../contract/state.js';
import type { SessionId } from '../contract/ids.js';
import type { Pinned, PromptRequest, SessionChoice } from '../contract/types.js';
import type { WorkspaceMode } from '../contract/workspace.js';
import type { OpenSessionInput } from '../activities/types.js';
import { differencesOf } from './pinned.js';
import { currentSession, forkRefusal, sessionOf } from './session-state.js';

/** The settings for `openSession` to resolve. The worker's config supplies every absent one. */
type Opening = Omit<OpenSessionInput, 'topic' | 'prompt_id' | 'epoch' | 'keeps_model'>;

export interface ToOpen {
  opening: Opening;
  /** The host that must open the session. Absent: any host. */
  host?: string;
  choice: SessionChoice;
}

/** A session that the topic does not have yet, and its agent may. */
export interface ToAdopt {
  adopt: SessionId;
  host?: string;
  choice: SessionChoice;
}

/** A copy of a session of another topic. */
export interface ToFork {
  fork: ForkWish;
  choice: SessionChoice;
}

export interface ToResume {
  session: SessionRecord;
  choice: SessionChoice;
  /** What the session has pinned from this turn on. Absent: no change. */
  pinned?: Pinned;
}

export type Destination = ToResume | ToOpen | ToAdopt | ToFork;
/** A prompt can go nowhere: the topic no longer knows the session, or its agent can't take it. */
export type Nowhere = { unknown: true } | { refused: Failure };
export type Chosen = Destination | Nowhere;

export function chooseSession(state: TopicState, { request }: Pick<QueuedPrompt, 'request'>): Chosen {
  if (request.session_id !== undefined) {
    // The session was known when the prompt was accepted, but twenty others may have been opened
    // since.
    const session = sessionOf(state, request.session_id);
    if (session) return { session, choice: { kind: 'resumed' } };
    return request.adopt ? toAdopt(request.session_id, request) : { unknown: true };
  }
  const current = currentSession(state);
  // The session may have been opened since the prompt was accepted.
  if (request.fork) {
    const refused = forkRefusal(state, request.fork);
    return refused ? { refused } : { fork: request.fork, choice: { kind: 'new', reason: 'forked' } };
  }
  if (!current && request.session === 'resume') return { unknown: true };
  if (!current) return { opening: openingOf(state, request), choice: { kind: 'new', ...reasonOf(request) } };
  if (request.session === 'new')
    return { opening: openingOf(state, request, current), choice: { kind: 'new', ...reasonOf(request) } };
  const [difference] = differencesOf(current, request);
  if (difference !== undefined)
    return { opening: openingOf(state, request, current), choice: { kind: 'new', reason: `${difference}_changed` } };
  return replacementOf(state, request, current) ?? { session: current, choice: { kind: 'resumed' } };
}

function toAdopt(adopt: SessionId, { host }: PromptRequest): ToAdopt {
  return { adopt, ...defined({ host }), choice: { kind: 'resumed', reason: 'adopted' } };
}

/**
 * Where a prompt for a lost session goes: to a new session in its place. `undefined` when the
 * session is not lost, or must not be replaced. `cold` holds for one prompt only. The
 * topic decides again about each other prompt.
 */
export function replacementOf(
  state: TopicState,
  request: PromptRequest,
  { lost, ...session }: SessionRecord,
  { found }: { /** By this prompt. */ found?: true } = {},
): Destination | undefined {
  if (lost === 'cold' && !found) return undefined;
  // Of a full session, the host's config has said so with the turn that found it full.
  const said = request.on_lost ?? (lost === 'full' ? undefined : session.pinned.on_lost);
  const policy = lost === 'cold' ? 'replace' : (said ?? 'replace'); // To keep its content is not what was lost.
  if (lost === undefined || request.session_id !== undefined || policy === 'fail') return undefined;
  const replaces = session.session_id;
  // The new session is opened on the host that has the files of the lost one.
  return {
    opening: { ...openingOf(state, request, session), replaces },
    host: session.pinned.host,
    choice: { kind: 'replaced', reason: lost, replaces },
  };
}

function reasonOf(request: PromptRequest): { reason?: string } {
  return request.reason === undefined ? {} : { reason: request.reason };
}

/**
 * Opens a further session of a topic like the one before, in the same directory, except for what
 * the caller says. A model belongs to its category and agent: another category or agent brings its
 * own model.
 */
export function openingOf(
  state: Pick<TopicState, 'project'>,
  request: PromptRequest,
  before?: Pick<SessionRecord, 'pinned'>,
): Opening {
  const pinned = before?.pinned;
  const sameCategory = request.category === undefined || request.category === pinned?.category;
  const sameAgent = request.agent === undefined ? sameCategory : request.agent === pinned?.agent;
  const sameModel = request.model === undefined && sameCategory && sameAgent;
  const agent = request.agent ?? (sameCategory ? pinned?.agent : undefined);
  const opening: Record<Exclude<keyof Opening, 'replaces'>, Opening[keyof Opening]> = {
    agent,
    agent_before: agent === undefined ? pinned?.agent : undefined,
    category: request.category ?? pinned?.category,
    model: request.model ?? (sameModel ? pinned?.model : undefined),
    variant: sameModel ? pinned?.variant : undefined,
    skills: request.skills ?? pinned?.skills,
    cwd: request.cwd ?? pinned?.asked_cwd ?? pinned?.cwd ?? request.default_cwd,
    project: state.project ?? request.project,
    workspace: request.workspace?.mode ?? modeLike(before, request),
  };
  return Object.fromEntries(Object.entries(opening).filter(([, value]) => value !== undefined));
}

/** The work is where the session before has left it. In another directory, the host's config decides. */
function modeLike(
  before: Pick<SessionRecord, 'pinned'> | undefined,
  request: PromptRequest,
): WorkspaceMode | undefined {
  if (!before || differencesOf(before, request, ['cwd']).length > 0) return undefined;
  return before.pinned.workspace ? 'worktree' : 'shared';
}

/** Why a session cannot take a prompt that names where to work. A session never moves. */
export function workspaceRefusal(state: TopicState, request: PromptRequest): Failure | undefined {
  const { session_id, workspace, adopt } = request;
  if (!workspace || request.session === 'new') return undefined;
  const session = session_id === undefined ? currentSession(state) : sessionOf(state, session_id);
  if (!session && !adopt) return undefined;
  if (session && session_id === undefined && differencesOf(session, request, ['cwd']).length > 0) return undefined;
  if ((workspace.mode === 'worktree') === (session?.pinned.workspace !== undefined)) return undefined;
  const works = session?.pinned.workspace
    ? `works in its own work tree, ${session.pinned.workspace.directory}`
    : `works in ${session?.pinned.cwd ?? 'the directory that it was begun in'}`;
  return failure(
    'SESSION_PINNED',
    `Session ${session?.session_id ?? session_id} ${works}; the workspace "${workspace.mode}" was asked for.`,
    'Leave out the workspace, or open a new session on the topic with --new (session: "new").',
  );
}
