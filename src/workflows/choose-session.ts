/** Which session does a prompt go to? Pure; one row of design §5 after the other. */
import type { QueuedPrompt, SessionRecord, TopicState } from '../contract/messages.js';
import type { PromptRequest, SessionChoice } from '../contract/types.js';
import { currentSession, differenceOf, sessionOf } from './session-state.js';

/** What `openSession` has to resolve; what is absent comes from the worker's config. */
export interface Opening {
  agent?: string;
  category?: string;
  model?: string;
  skills?: string[];
  cwd?: string;
  project?: string;
}

export type Chosen = { session: SessionRecord; choice: SessionChoice } | { opening: Opening; choice: SessionChoice } | { unknown: true };

export function chooseSession(state: TopicState, { request }: Pick<QueuedPrompt, 'request'>): Chosen {
  if (request.session_id !== undefined) {
    // It was known when the prompt was accepted; twenty sessions may have been opened since.
    const session = sessionOf(state, request.session_id);
    return session ? { session, choice: { kind: 'resumed' } } : { unknown: true };
  }
  const current = currentSession(state);
  if (!current) return { opening: openingOf(state, request), choice: { kind: 'new', ...reasonOf(request) } };
  if (request.session === 'new') return { opening: openingOf(state, request, current), choice: { kind: 'new', ...reasonOf(request) } };
  const difference = differenceOf(current, request);
  if (difference) return { opening: openingOf(state, request, current), choice: { kind: 'new', reason: `${difference.field}_changed` } };
  return { session: current, choice: { kind: 'resumed' } };
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
  const opening: Record<keyof Opening, Opening[keyof Opening]> = {
    agent: request.agent ?? (sameCategory ? pinned?.agent : undefined),
    category: request.category ?? pinned?.category,
    model: request.model ?? (sameCategory && sameAgent ? pinned?.model : undefined),
    skills: request.skills ?? pinned?.skills,
    cwd: request.cwd ?? pinned?.cwd ?? request.default_cwd,
    project: state.project ?? request.project,
  };
  return Object.fromEntries(Object.entries(opening).filter(([, value]) => value !== undefined));
}
