/**
 * Turns the caller's options into a well-formed prompt. Adds defaults for the caller's directory
 * and project, and makes the checks that need no server.
 */
import { resolve } from 'node:path';
import type { Config } from '../config.js';
import { failure } from '../contract/failures.js';
import { parsePrompt } from '../contract/parse-prompt.js';
import { isId, MAX_ID_LENGTH, type PromptId, type SessionId, type TopicId } from '../contract/ids.js';
import type { TurnBudgets } from '../contract/budget.js';
import type { WorkspaceWish } from '../contract/workspace.js';
import type { Check } from '../contract/checks.js';
import type { OnCold } from '../contract/session-context.js';
import type { OnLost, PromptRequest, SessionWish, When } from '../contract/types.js';
import { newPromptId } from './new-prompt-id.js';
import { SessionError } from './session-error.js';

/**
 * The options of a prompt. Agent, category, model, skills and cwd are pinned when a session is
 * opened.
 */
export interface PromptOptions {
  /**
   * The prompt runs in exactly this session, or is refused. null, the session id of a turn that
   * opened none, is refused: it must not open a new session silently.
   */
  session_id?: string | null;
  /**
   * With `session_id`: takes over a session that no topic has, from its agent's own store on this
   * host, with its directory, its model and its agent. Without it such a session is refused.
   */
  adopt?: boolean;
  /**
   * The topic has no session yet, and its first one begins as a copy of another topic's: of its
   * current session or of `session_id`, up to its last completed turn or turn `at`. The original
   * stays as it is. An agent that can't copy gets a new session with a brief; the result says so.
   */
  fork?: { topic: string; session_id?: string; at?: number };
  /** The same id again attaches to the first prompt, for callers that retry. Default: a new id. */
  prompt_id?: string;
  category?: string;
  agent?: string;
  model?: string;
  skills?: string[];
  /** Relative to the manager's `cwd`. */
  cwd?: string;
  /**
   * `new`: opens a session for an unrelated task or a fresh perspective. `resume`: goes to the
   * topic's session, and is refused if the topic has none.
   */
  session?: SessionWish;
  /** Why the caller wants a new session; shown in the result. */
  reason?: string;
  /** The place in the queue. `interrupt` also stops the running turn. Default: `queue`. */
  when?: When;
  /**
   * The prompt waits until another prompt's turn has made its session warm, for this time at most,
   * e.g. `8h`. Prompts without it overtake it.
   */
  when_warm?: string | number;
  /**
   * What to do if the topic's session is lost or corrupted. Default: the config's value when the
   * session was opened.
   */
  on_lost?: OnLost;
  /**
   * What to do if the session is cold and costs more than `onCold` of the config says. Default: its
   * `do`. `replace` not together with `session_id`.
   */
  on_cold?: OnCold;
  /**
   * Commands that run after the turn. The first failed one goes back to the session to be fixed,
   * and so on until all pass.
   */
  checks?: Check[];
  /** How often the session is asked to fix a failed check at most. Default: 3. */
  max_fixes?: number;
  /** What the turn may use before a person is asked. They count instead of the config's. */
  limits?: TurnBudgets;
  /**
   * Where the agent works: `shared` with other topics, alone while its turn runs (`queue`), or in a
   * git work tree of its own (`worktree`). Default: the config of the host.
   */
  workspace?: WorkspaceWish;
  /**
   * A shell command that runs on the session's host when the prompt ends, when it asks, and when it
   * goes silent. It gets the event as JSON on stdin. The same callers may give it as checks.
   */
  notify?: string;
}

/** @throws SessionError INVALID_PROMPT, PROMPT_TOO_LARGE, CATEGORY_UNKNOWN, AGENT_UNKNOWN */
export function promptOf(
  prompt: string,
  options: PromptOptions,
  config: Config,
  standing: { cwd: string; project: string },
): PromptRequest & { prompt_id: PromptId } {
  const { category, agent, cwd, ...rest } = options;
  const place = cwd === undefined ? undefined : resolve(standing.cwd, cwd);
  // Of another directory, only its host has the config.
  if (place === undefined || place === standing.cwd) checkNames(options, config);
  const parsed = parsePrompt({
    ...rest,
    prompt,
    category,
    agent,
    prompt_id: options.prompt_id ?? newPromptId(),
    cwd: place,
    // A session has its own directory and project. Naming the session is enough, from any
    // directory.
    ...(options.session_id === undefined && { default_cwd: standing.cwd, project: standing.project }),
  });
  if ('problem' in parsed) throw new SessionError(parsed.problem);
  return { ...parsed.request, prompt_id: parsed.request.prompt_id as PromptId };
}

function checkNames({ category, agent }: Pick<PromptOptions, 'category' | 'agent'>, config: Config): void {
  if (category !== undefined && !config.categories[category])
    throw unknown('CATEGORY_UNKNOWN', 'Category', category, config.categories);
  if (agent !== undefined && !config.agents[agent]) throw unknown('AGENT_UNKNOWN', 'Agent', agent, config.agents);
}

/** It is part of a workflow's id, and Temporal takes no half of a surrogate pair there. */
export function topicIdOf(topic: unknown): TopicId {
  const id = checkedId('topic', topic);
  if (/\p{Surrogate}/u.test(id)) throw notAnId('topic', topic);
  return id as TopicId;
}

export function sessionIdOf(session: unknown): SessionId {
  return checkedId('session_id', session) as SessionId;
}

export function promptIdOf(prompt: unknown): PromptId {
  return checkedId('prompt_id', prompt) as PromptId;
}

function checkedId(field: string, value: unknown): string {
  if (isId(value)) return value;
  throw notAnId(field, value);
}

function notAnId(field: string, value: unknown): SessionError {
  const expected = `an id: 1 to ${MAX_ID_LENGTH} printable characters, no space at its ends`;
  return new SessionError(
    failure(
      'INVALID_PROMPT',
      `Field "${field}" must be ${expected}; got ${JSON.stringify(value)?.slice(0, 80) ?? 'nothing'}.`,
    ),
  );
}

function unknown(code: 'CATEGORY_UNKNOWN' | 'AGENT_UNKNOWN', what: string, name: string, known: object): SessionError {
  return new SessionError(failure(code, `${what} ${name} is not known. Use one of: ${Object.keys(known).join(', ')}.`));
}
