/** What the tools take and answer, as JSON Schema tells it to a client. Answers are loose: a newer worker may send more. */
import * as z from 'zod';
import { TOPIC_STATES, TURN_STATUSES, WHEN } from '../contract/types.js';
import { DEFAULT_WAIT_SECONDS, MAX_WAIT_SECONDS } from './limits.js';

const topic = z.string();
const prompt_id = z.string();
const wait_seconds = z
  .number()
  .min(0)
  .max(MAX_WAIT_SECONDS)
  .describe(`How long to wait for the reply before this answers "accepted" instead. 0: do not wait. Default: ${DEFAULT_WAIT_SECONDS}, unless this server was told otherwise.`);

export const delegateInput = z.strictObject({
  prompt: z.string().describe('What the agent is to do. To a session that is continued, say only what is new: it knows the rest.'),
  session_id: z.string().exactOptional().describe('Continue exactly this session (ses_…), as a result named it; a refusal if that cannot be.'),
  topic: z
    .string()
    .exactOptional()
    .describe('Your name for a line of work, e.g. "auth-feature". A known topic continues its session; a new one opens one. Left out without session_id: a topic of its own.'),
  session: z.enum(['continue', 'new']).exactOptional().describe('"new": another session on the topic, for a fresh perspective. Not together with session_id.'),
  reason: z.string().exactOptional().describe('Why a new session; stands in the result.'),
  category: z.string().exactOptional().describe('For a new session: what kind of work it is, e.g. quick, deep, writing. A wrong one is answered with the list.'),
  agent: z.string().exactOptional().describe('For a new session: the agent, as continuity.config names it.'),
  model: z.string().exactOptional().describe('For a new session: the model, as the agent spells it.'),
  skills: z.array(z.string()).exactOptional().describe('For a new session: skills to load.'),
  cwd: z.string().exactOptional().describe('For a new session: its working directory. Default: where this server was started.'),
  when: z
    .enum(WHEN)
    .exactOptional()
    .describe('Place among the prompts that wait in the session: "queue" (default) behind all, "next" before them, "interrupt" also stops what runs now.'),
  checks: z
    .array(z.strictObject({ run: z.string(), timeout: z.union([z.string(), z.number()]).exactOptional() }))
    .exactOptional()
    .describe('Commands that must pass after the work, e.g. [{"run":"npm test","timeout":"10m"}]. One that fails goes back to the same session to be fixed. Only commands that checks.allow of continuity.config lists.'),
  max_fixes: z.number().int().exactOptional().describe('How often a failed check goes back at most, 0 to 20. Default: 3. Only with checks.'),
  prompt_id: z.string().exactOptional().describe('To try again after an error: the prompt_id that it named. The same id is the same prompt and is never put in twice.'),
  wait_seconds: wait_seconds.exactOptional(),
});

export const outcomeInput = z.strictObject({
  topic: topic.describe('As the result of delegate_task named it.'),
  prompt_id: prompt_id.describe('As the result of delegate_task named it.'),
  wait_seconds: wait_seconds.exactOptional(),
});

/** One of the two. */
const which = {
  topic: topic.exactOptional().describe('The topic. This or session_id.'),
  session_id: z.string().exactOptional().describe('A session of the topic (ses_…). This or topic.'),
};

export const viewInput = z.strictObject(which);

export const cancelInput = z.strictObject({
  ...which,
  prompt_id: prompt_id.exactOptional().describe('Only this prompt, running or queued. Left out: the turn that is running.'),
});

export const listInput = z.strictObject({
  all: z.boolean().exactOptional().describe('Also topics that were closed.'),
  limit: z.number().int().min(1).max(200).exactOptional().describe('At most so many, newest first. Default: 20.'),
});

const failed = z.looseObject({
  code: z.string().describe('e.g. MODEL_FAILED; docs/failures.md lists them.'),
  message: z.string().describe('What happened, and to which thing.'),
  fix: z.string().describe('What to do.'),
});

const refusal = z
  .looseObject({ error: failed, topic: topic.optional(), prompt_id: prompt_id.optional() })
  .describe('The call was refused, or something that it needs does not answer. A prompt_id: send it again with that, it is put in once.');

const result = z
  .looseObject({
    status: z.enum(TURN_STATUSES),
    session_id: z.string().nullable().describe('Continue with this. null: no session could be opened.'),
    topic,
    prompt_id,
    session: z.looseObject({ kind: z.string(), reason: z.string().optional(), replaces: z.string().optional() }).describe('new, resumed or replaced, and why.'),
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
    recovered: z.string().optional().describe('How a crash in mid-turn was survived.'),
    usage: z.looseObject({}).optional(),
    checks: z.looseObject({ passed: z.boolean() }).optional().describe('How the checks went, round by round.'),
  })
  .describe('The turn has ended.');

const pending = z
  .looseObject({
    status: z.literal('accepted'),
    topic,
    prompt_id,
    state: z.enum(['queued', 'running']).optional(),
    position: z.number().optional().describe('In the queue; 1 is next.'),
    session_id: z.string().nullable().optional().describe('Of the running turn.'),
  })
  .describe('Durably accepted, not ended yet: ask session_outcome.');

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
    running: z.looseObject({ prompt_id, prompt: z.string() }).optional(),
    queue: z.array(z.looseObject({ prompt_id, prompt: z.string() })),
    outcomes: z.array(z.looseObject({ prompt_id, status: z.string(), reply: z.string() })).describe('Newest last. Long replies are cut; session_outcome has them whole.'),
    refused: z.array(z.looseObject({ error: failed })),
  }),
  refusal,
]);

export const listOutput = z.union([
  z.looseObject({
    topics: z.array(z.looseObject({ topic, state: z.enum(TOPIC_STATES), turns: z.number(), session_id: z.string().optional(), project: z.string().optional() })),
    more: z.boolean().describe('Whether there are more than were asked for.'),
  }),
  refusal,
]);

export const cancelOutput = z.union([
  z.looseObject({
    topic,
    prompt_id: prompt_id.nullable(),
    effect: z.string().describe('stopping: the turn ends as cancelled; removed: taken out of the queue; already_ended; nothing_running.'),
  }),
  refusal,
]);
