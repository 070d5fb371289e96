/**
 * The outputs of the tools, which a client gets as JSON Schema. They allow unknown fields, because a
 * newer worker may send more.
 */
import * as z from 'zod';
import { TURN_STATUSES } from '../contract/types.js';
import { TOPIC_STATES } from '../contract/views.js';

const topic = z.string();
const prompt_id = z.string();

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
    reply_parts: z.array(z.string()).optional().describe('All texts of the turn, in order. Absent: reply is all.'),
    reply_parts_truncated: z.boolean().optional().describe('Some are cut. session_outcome with page has all.'),
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

const page = z
  .looseObject({
    session_id: z.string(),
    page: z.number(),
    pages: z.number(),
    parts: z
      .array(z.looseObject({ part: z.number(), text: z.string(), is_reply: z.boolean().optional() }))
      .describe('Texts of the task, oldest first. A long one goes on in the next page under the same number.'),
  })
  .describe('A page of all that the task said.');

export const outcomeOutput = z.union([result, pending, page, refusal]);

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
