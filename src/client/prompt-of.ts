/** From what a caller says to a well-formed prompt: defaults of where the caller stands, and the checks that need no server. */
import { resolve } from 'node:path';
import type { Config } from '../config.js';
import { failure } from '../contract/failures.js';
import { parsePrompt } from '../contract/parse-prompt.js';
import { isId, MAX_ID_LENGTH, type PromptId, type SessionId, type TopicId } from '../contract/ids.js';
import type { Check, OnLost, PromptRequest, SessionWish, When } from '../contract/types.js';
import { newPromptId } from './new-prompt-id.js';
import { SessionError } from './session-error.js';

/** What can be said besides the prompt. Agent, category, model, skills and cwd are pinned when a session is opened. */
export interface PromptOptions {
  /** Exactly this session, or a refusal. null, as of a turn that opened none, is refused: it must not open a new one silently. */
  session_id?: string | null;
  /** The same id again attaches to the first prompt: for callers that retry. Default: a new one. */
  prompt_id?: string;
  category?: string;
  agent?: string;
  model?: string;
  skills?: string[];
  /** Relative to the process's own directory. */
  cwd?: string;
  /** `new`: an unrelated task, or a fresh perspective. `resume`: the session that is there, or a refusal. */
  session?: SessionWish;
  /** Why a new session; stands in the result. */
  reason?: string;
  /** Its place among those that wait; `interrupt` also stops the running turn. Default: `queue`. */
  when?: When;
  /** What to do when the topic's session is lost or corrupted. Default: what config said when the session was opened. */
  on_lost?: OnLost;
  /** Run after the turn; the first that fails goes back to the session to be fixed, and so on until all pass. */
  checks?: Check[];
  /** How often at most. Default: 3. */
  max_fixes?: number;
}

/** @throws SessionError INVALID_PROMPT, PROMPT_TOO_LARGE, CATEGORY_UNKNOWN, AGENT_UNKNOWN */
export function promptOf(prompt: string, options: PromptOptions, config: Config, standing: { cwd: string; project: string }): PromptRequest & { prompt_id: PromptId } {
  const { category, agent, cwd, ...rest } = options;
  if (category !== undefined && !config.categories[category]) throw unknown('CATEGORY_UNKNOWN', 'Category', category, config.categories);
  if (agent !== undefined && !config.agents[agent]) throw unknown('AGENT_UNKNOWN', 'Agent', agent, config.agents);
  const parsed = parsePrompt({
    ...rest,
    prompt,
    category,
    agent,
    prompt_id: options.prompt_id ?? newPromptId(),
    cwd: cwd === undefined ? undefined : resolve(standing.cwd, cwd),
    // A session has its directory and its project; naming it is enough, wherever the caller stands.
    ...(options.session_id === undefined && { default_cwd: standing.cwd, project: standing.project }),
  });
  if ('problem' in parsed) throw new SessionError(parsed.problem);
  return { ...parsed.request, prompt_id: parsed.request.prompt_id as PromptId };
}

export function topicIdOf(topic: unknown): TopicId {
  return checkedId('topic', topic) as TopicId;
}

export function sessionIdOf(session: unknown): SessionId {
  return checkedId('session_id', session) as SessionId;
}

export function promptIdOf(prompt: unknown): PromptId {
  return checkedId('prompt_id', prompt) as PromptId;
}

function checkedId(field: string, value: unknown): string {
  if (isId(value)) return value;
  const expected = `an id: 1 to ${MAX_ID_LENGTH} printable characters, no space at its ends`;
  throw new SessionError(failure('INVALID_PROMPT', `Field "${field}" must be ${expected}; got ${JSON.stringify(value)?.slice(0, 80) ?? 'nothing'}.`));
}

function unknown(code: 'CATEGORY_UNKNOWN' | 'AGENT_UNKNOWN', what: string, name: string, known: object): SessionError {
  return new SessionError(failure(code, `${what} ${name} is not known; there are: ${Object.keys(known).join(', ')}.`));
}
