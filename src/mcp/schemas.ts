/** The inputs of the tools, which a client gets as JSON Schema. */
import * as z from 'zod';
import { MAX_PROMPTS_AT_ONCE, WAIT_FOR } from '../client/outcomes.js';
import { DECISIONS } from '../contract/asks.js';
import { ON_COLD } from '../contract/session-context.js';
import { WHEN } from '../contract/types.js';
import { WORKSPACE_MODES } from '../contract/workspace.js';
import { DEFAULT_WAIT_SECONDS, MAX_WAIT_SECONDS } from './limits.js';

const topic = z.string();
const prompt_id = z.string();
const wait_seconds = z
  .number()
  .min(0)
  .max(MAX_WAIT_SECONDS)
  .describe(
    `How many seconds to wait for the reply. After that the answer is "accepted". 0: do not wait. Default: ${DEFAULT_WAIT_SECONDS}, unless the server was started with --wait.`,
  );

/** The agents that config names. None: they are not known. */
export interface KnownAgents {
  names: readonly string[];
  /** That is used when nothing is said, where config says which. */
  usual?: string;
}

export function agentOf({ names, usual }: KnownAgents) {
  const which = `${names.length > 0 ? `: ${names.join(', ')}` : ''}.${usual === undefined ? '' : ` Default: ${usual}.`}`;
  return z
    .string()
    .exactOptional()
    .describe(
      `The name of the agent in continuity.config${which} On a topic whose session is of another kind of agent, this agent takes over in a session of its own with a brief of the work so far; the name of the first agent goes back to its session. Not together with session_id.`,
    );
}

export const delegateInput = z.strictObject({
  prompt: z
    .string()
    .describe('The task for the agent. When you continue a session, say only what is new. The session knows the rest.'),
  session_id: z
    .string()
    .exactOptional()
    .describe(
      'Continue exactly this session. Use the session_id of an earlier result. The call is refused when the session cannot be continued.',
    ),
  adopt: z
    .boolean()
    .exactOptional()
    .describe(
      "With session_id: take over a session that a person began in the agent's own interface, and that no topic has. Use it only when the person asks for it.",
    ),
  topic: z
    .string()
    .exactOptional()
    .describe(
      'Your name for a line of work, e.g. "auth-feature". A known topic continues its session, and a new topic opens a new session. Without topic and session_id, the task gets its own topic.',
    ),
  fork: z
    .strictObject({ topic: z.string(), session_id: z.string().exactOptional(), at: z.number().int().exactOptional() })
    .exactOptional()
    .describe(
      'Try another way without losing the first: {"topic":"auth"} begins the session of the new topic (field topic) as a copy of the session of topic auth, which stays as it is. "at": the copy ends with this turn of it. Not with session_id or session.',
    ),
  session: z
    .enum(['continue', 'new'])
    .exactOptional()
    .describe('"new" opens another session on the topic, for a fresh perspective. Not with session_id.'),
  reason: z.string().exactOptional().describe('Why you want a new session. The result repeats it.'),
  category: z
    .string()
    .exactOptional()
    .describe(
      'The kind of work, e.g. quick, deep, writing. A session that has another one goes on with this one. An unknown category is refused with the list of all.',
    ),
  agent: agentOf({ names: [] }),
  model: z
    .string()
    .exactOptional()
    .describe("The model, in the agent's spelling. A session that has another one goes on with this one."),
  skills: z.array(z.string()).exactOptional().describe('Skills to load. A session that has others goes on with these.'),
  cwd: z
    .string()
    .exactOptional()
    .describe('For a new session: its working directory. Default: the directory in which this server was started.'),
  when: z
    .enum(WHEN)
    .exactOptional()
    .describe(
      'The place in the queue of the topic: "queue" (default) is last, "next" is first, "interrupt" is first and also stops the running turn.',
    ),
  on_cold: z
    .enum(ON_COLD)
    .exactOptional()
    .describe(
      'If the session is cold, and to read it again costs more than onCold of continuity.config says: "continue" (default), "ask" a person first, have the agent "compact" it first, or "replace" it by a new session with a brief.',
    ),
  when_warm: z
    .string()
    .exactOptional()
    .describe(
      'For work that can wait, e.g. "8h": it runs right after another prompt has made the session warm, which is about ten times as cheap, and after this time in any case. Prompts without it overtake it. Not with when or session "new".',
    ),
  checks: z
    .array(z.strictObject({ run: z.string(), timeout: z.union([z.string(), z.number()]).exactOptional() }))
    .exactOptional()
    .describe(
      'Commands that must pass after the work, e.g. [{"run":"npm test","timeout":"10m"}]. The same session is asked to fix a command that fails. Only commands in checks.allow of continuity.config may run.',
    ),
  max_fixes: z
    .number()
    .int()
    .exactOptional()
    .describe('How often the session is asked to fix a failed check, 0 to 20. Default: 3. Only with checks.'),
  limits: z
    .strictObject({
      cost_per_turn: z.number().exactOptional(),
      tokens_per_turn: z.number().exactOptional(),
      steps_per_turn: z.number().exactOptional(),
    })
    .exactOptional()
    .describe(
      'What the work may use before a person is asked whether it goes on: US dollars, tokens, requests to the model.',
    ),
  workspace: z
    .strictObject({ mode: z.enum(WORKSPACE_MODES) })
    .exactOptional()
    .describe(
      'Where the agent works: {"mode":"shared"} beside other topics in the same directory, {"mode":"queue"} alone in it while the turn runs, {"mode":"worktree"} in a git work tree of its own, from the last commit. Default: the config of the host.',
    ),
  prompt_id: z
    .string()
    .exactOptional()
    .describe(
      'To try again after an error, pass the prompt_id that the error named. A prompt with the same id is never put in twice.',
    ),
  wait_seconds: wait_seconds.exactOptional(),
});

export const outcomeInput = z.strictObject({
  topic: topic.exactOptional().describe('The topic in the result of delegate_task.'),
  prompt_id: prompt_id.exactOptional().describe('The prompt_id in the result of delegate_task.'),
  prompts: z
    .array(z.strictObject({ topic, prompt_id }))
    .min(1)
    .max(MAX_PROMPTS_AT_ONCE)
    .exactOptional()
    .describe(
      `Several tasks at once instead, at most ${MAX_PROMPTS_AT_ONCE}: [{"topic":"…","prompt_id":"…"}]. One that fails or is unknown does not hide the others.`,
    ),
  wait: z
    .enum(WAIT_FOR)
    .exactOptional()
    .describe('With prompts: wait until "any" has ended, or "all" (default). Also returns when one asks something.'),
  wait_seconds: wait_seconds.exactOptional(),
  page: z
    .number()
    .int()
    .min(1)
    .exactOptional()
    .describe('Return all that the task said instead, from the store of its agent, this page of it. First: 1.'),
  offset: z
    .number()
    .int()
    .min(0)
    .exactOptional()
    .describe('Read on in a long reply, or page, from this character. An answer that is cut names it.'),
});

/** Either field names the topic. */
const which = {
  topic: topic.exactOptional().describe('The topic. Give this or session_id.'),
  session_id: z.string().exactOptional().describe('A session of the topic. Give this or topic.'),
};

export const viewInput = z.strictObject(which);

export const cancelInput = z.strictObject({
  ...which,
  prompt_id: prompt_id
    .exactOptional()
    .describe('The prompt to cancel, running or queued. Default: the prompt of the running turn.'),
});

export const answerInput = z.strictObject({
  ...which,
  decision: z
    .enum([...DECISIONS, 'retry'])
    .describe(
      'For a permission: "allow" (this once), "always" (also the same again in the session) or "deny". For a question: "reply" with text, or "deny". "retry": try a turn again that waits for a limit or for its agent.',
    ),
  text: z
    .string()
    .exactOptional()
    .describe('The reply to a question, or what the agent reads with "deny", e.g. what to do instead.'),
  ask_id: z
    .string()
    .exactOptional()
    .describe('The ask_id of waiting_for. With it, another ask is never answered by mistake.'),
});

export const listInput = z.strictObject({
  all: z.boolean().exactOptional().describe('Also list closed topics.'),
  limit: z.number().int().min(1).max(200).exactOptional().describe('How many topics to list at most. Default: 20.'),
});
