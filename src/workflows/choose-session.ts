/** Which session does a prompt go to? Pure. */
import type { QueuedPrompt, SessionRecord, TopicState } from '../contract/state.js';
import type { PromptRequest, SessionChoice } from '../contract/types.js';
import type { OpenSessionInput } from '../activities/types.js';
import { currentSession, differenceOf, sessionOf } from './session-state.js';

/** What `openSession` has to resolve; what is absent comes from the worker's config. */
type Opening = Omit<OpenSessionInput, 'topic' | 'prompt_id' | 'epoch'>;

export interface ToOpen {
  opening: Opening;
  /** Default: any. */
  host?: string;
  choice: SessionChoice;
}

export type Place = { session: SessionRecord; choice: SessionChoice } | ToOpen;
export type Chosen = Place | { unknown: true };

export function chooseSession(state: TopicState, { request }: Pick<QueuedPrompt, 'request'>): Chosen {
  if (request.session_id !== undefined) {
    // It was known when the prompt was accepted; twenty sessions may have been opened since.
    const session = sessionOf(state, request.session_id);
    return session ? { session, choice: { kind: 'resumed' } } : { unknown: true };
  }
  const current = currentSession(state);
  if (!current && request.session === 'resume') return { unknown: true };
  if (!current) return { opening: openingOf(state, request), choice: { kind: 'new', ...reasonOf(request) } };
  if (request.session === 'new') return { opening: openingOf(state, request, current), choice: { kind: 'new', ...reasonOf(request) } };
  const difference = differenceOf(current, request);
  if (difference) return { opening: openingOf(state, request, current), choice: { kind: 'new', reason: `${difference.field}_changed` } };
  return replacementOf(state, request, current) ?? { session: current, choice: { kind: 'resumed' } };
}

/** A new session in the place of one that is known to be lost; nothing where it is not, or must not be replaced. */
export function replacementOf(state: TopicState, request: PromptRequest, { lost, ...session }: SessionRecord): Place | undefined {
  const policy = request.on_lost ?? session.pinned.on_lost ?? 'replace';
  if (lost === undefined || request.session_id !== undefined || policy === 'fail') return undefined;
  const replaces = session.session_id;
  // The files that it worked on are on its host.
  return { opening: { ...openingOf(state, request, session), replaces }, host: session.pinned.host, choice: { kind: 'replaced', reason: lost, replaces } };
}

function reasonOf(request: PromptRequest): { reason?: string } {
  return request.reason === undefined ? {} : { reason: request.reason };
}

/**
 * A further session of a topic is opened where the one before was, and as it was, but for what the caller says. A model and an
 * agent belong to what they were chosen with: another category or agent brings its own.
 */
function openingOf(state: TopicState, request: PromptRequest, before?: SessionRecord): Opening {
  const pinned = before?.pinned;
  const sameCategory = request.category === undefined || request.category === pinned?.category;
  const sameAgent = request.agent === undefined ? sameCategory : request.agent === pinned?.agent;
  const sameModel = request.model === undefined && sameCategory && sameAgent;
  const opening: Record<Exclude<keyof Opening, 'replaces'>, Opening[keyof Opening]> = {
    agent: request.agent ?? (sameCategory ? pinned?.agent : undefined),
    category: request.category ?? pinned?.category,
    model: request.model ?? (sameModel ? pinned?.model : undefined),
    variant: sameModel ? pinned?.variant : undefined,
    skills: request.skills ?? pinned?.skills,
    cwd: request.cwd ?? pinned?.asked_cwd ?? pinned?.cwd ?? request.default_cwd,
    project: state.project ?? request.project,
  };
  return Object.fromEntries(Object.entries(opening).filter(([, value]) => value !== undefined));
}
