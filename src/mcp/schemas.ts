/**
 * The inputs and outputs of the tools, which a client gets as JSON Schema. Outputs allow unknown
 * fields, because a newer worker may send more.
 */
import * as z from 'zod';
import { DECISIONS } from '../contract/asks.js';
import { TURN_STATUSES, WHEN } from '../contract/types.js';
import { TOPIC_STATES } from '../contract/views.js';
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
  prompt_id: z
    .string()
    .exactOptional()
    .describe(
      'To try again after an error, pass the prompt_id that the error named. A prompt with the same id is never put in twice.',
    ),
  wait_seconds: wait_seconds.exactOptional(),
});

export const outcomeInput = z.strictObject({
  topic: topic.describe('The topic in the result of delegate_task.'),
  prompt_id: prompt_id.describe('The prompt_id in the result of delegate_task.'),
  wait_seconds: wait_seconds.exactOptional(),
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
  limit: z
    .number()
    .int()
    .min(1)
    .max(200)
    .exactOptional()
    .describe('How many topics to list at most, newest first. Default: 20.'),
});

const failed = z.looseObject({
  code: z.string().describe('For example MODEL_FAILED. docs/failures.md lists all codes.'),
  message: z.string().describe('What happened, and to which thing.'),
  fix: z.string().describe('What to do.'),
});

const refusal = z
  .looseObject({ error: failed, topic: topic.optional(), prompt_id: prompt_id.optional() })
  .describe(
    'The call was refused, or something that it needs does not answer. If there is a prompt_id, call again with it: the prompt is put in only once.',
  );

const result = z
  .looseObject({
    status: z.enum(TURN_STATUSES),
    session_id: z.string().nullable().describe('Continue with this id. null: no session could be opened.'),
    topic,
    prompt_id,
    session: z
      .looseObject({
        kind: z.string(),
        reason: z.string().optional(),
        replaces: z.string().optional(),
        follows: z.string().optional(),
        changed: z.looseObject({}).optional(),
      })
      .describe('new, resumed or replaced, and why; follows: the session of another agent that had the topic before.'),
    reply: z.string(),
    reply_truncated: z.boolean().optional(),
    error: failed.optional(),
    agent: z.string(),
    model: z.string().optional(),
    category: z.string().optional(),
    turn: z.number(),
    attempts: z.number(),
    started_at: z.string(),
    duration_ms: z.number(),
    recovered: z.string().optional().describe('How the turn survived a crash.'),
    asks: z
      .array(z.looseObject({ kind: z.string(), text: z.string(), decision: z.string(), by: z.string() }))
      .optional()
      .describe('What the turn asked, and who answered: person, config or time.'),
    guarantee: z
      .string()
      .optional()
      .describe('at_most_once_unknown: this agent cannot tell what became of a prompt after a crash.'),
    fell_back_from: z
      .string()
      .optional()
      .describe("The session's own model, which could not answer. The model in `model` worked instead."),
    compacted: z.number().optional().describe('How often the agent compacted the conversation in this turn.'),
    usage: z.looseObject({}).optional(),
    left_behind: z
      .array(z.looseObject({ pid: z.number() }))
      .optional()
      .describe('Processes that its tools left running.'),
    checks: z.looseObject({ passed: z.boolean() }).optional().describe('The checks and their results, round by round.'),
  })
  .describe('The turn has ended.');

const waiting = z
  .looseObject({
    for: z.string().describe('answer, quota or agent.'),
    ask: z
      .looseObject({ ask_id: z.string(), kind: z.string(), text: z.string(), takes: z.array(z.string()) })
      .optional()
      .describe('What is asked, and which decisions session_answer may send.'),
    because: failed.optional().describe('Why the turn cannot go on now.'),
    until: z.string().describe('When the ask is denied, or the turn is tried again.'),
  })
  .optional();

const pending = z
  .looseObject({
    status: z.literal('accepted'),
    topic,
    prompt_id,
    state: z.enum(['queued', 'running']).optional(),
    position: z.number().optional().describe('The place in the queue. 1 is next.'),
    session_id: z.string().nullable().optional().describe('The session of the running turn.'),
    waiting_for: waiting.describe('What the running turn waits for.'),
  })
  .describe('The prompt is durably accepted and has not ended. Ask session_outcome for its reply.');

export const taskOutput = z.union([result, pending, refusal]);

export const viewOutput = z.union([
  z.looseObject({
    topic,
    state: z.enum(TOPIC_STATES),
    closing: z.boolean(),
    session_id: z.string().nullable().describe('The session that the next prompt goes to.'),
    project: z.string().optional(),
    sessions: z.array(z.looseObject({ session_id: z.string(), turns: z.number(), current: z.boolean() })),
    turns: z.number(),
    running: z.looseObject({ prompt_id, prompt: z.string(), waiting }).optional(),
    queue: z.array(z.looseObject({ prompt_id, prompt: z.string() })),
    outcomes: z
      .array(z.looseObject({ prompt_id, status: z.string(), reply: z.string() }))
      .describe('Newest last. Long replies are cut. session_outcome has them in full.'),
    refused: z.array(z.looseObject({ error: failed })),
  }),
  refusal,
]);

export const listOutput = z.union([
  z.looseObject({
    topics: z.array(
      z.looseObject({
        topic,
        state: z.enum(TOPIC_STATES),
        turns: z.number(),
        session_id: z.string().optional(),
        agent: z.string().optional().describe('Of that session.'),
        project: z.string().optional(),
        waiting,
      }),
    ),
    more: z.boolean().describe('Whether more topics exist than are listed.'),
  }),
  refusal,
]);

export const answerOutput = z.union([
  z.looseObject({
    topic,
    effect: z
      .string()
      .describe('answered: the turn goes on. retrying: it is tried again. nothing_waits: there was nothing to retry.'),
    ask_id: z.string().optional(),
    decision: z.string().optional(),
  }),
  refusal,
]);

export const cancelOutput = z.union([
  z.looseObject({
    topic,
    prompt_id: prompt_id.nullable(),
    effect: z
      .string()
      .describe(
        'stopping: the turn ends as cancelled. removed: the prompt was taken out of the queue. already_ended: the prompt had ended before. nothing_running: the topic runs no turn.',
      ),
  }),
  refusal,
]);
