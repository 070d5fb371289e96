/** The tools: the texts with which a model chooses one, and the code behind each. */
import type { CallToolResult, ToolAnnotations } from '@modelcontextprotocol/server';
import type * as z from 'zod';
import type { Call } from './call.js';
import { delegate, outcome } from './delegation.js';
import * as schemas from './schemas.js';
import { answer, cancel, list, view } from './topics.js';

export interface Tool {
  name: string;
  title: string;
  description: string;
  input: z.ZodType;
  annotations: ToolAnnotations;
  run: (args: never, call: Call) => Promise<CallToolResult>;
}

export const INSTRUCTIONS = `Hands work to coding agents whose sessions survive crashes. Keep the session_id of each result. Send fixes and follow-ups to \
delegate_task with that session_id, and unrelated work without it. If you lost the id, call session_list. If a task waits for an answer, session_answer gives it.`;

const LOOK: ToolAnnotations = { readOnlyHint: true, openWorldHint: false };

const TOOLS: readonly Tool[] = [
  tool({
    name: 'delegate_task',
    title: 'Delegate a task to a coding agent',
    description: `Hands a task to a coding agent and returns its reply. The agent works in a session that remembers everything it has read and done, also after a crash.

CONTINUE a session for everything that belongs to its work: a fix, a follow-up, a question about it, the next step. Pass the session_id of the earlier result and say only what is new.
START a new session for an unrelated task: pass no session_id, and no topic or a new topic. For a fresh perspective on the same work, such as a review by an agent that did not write it, pass its topic and session: "new".

Prompts to one session run one at a time, in order. Different topics run at the same time.
If the reply takes longer than wait_seconds, the status is "accepted" and the work goes on. Call session_outcome with topic and prompt_id to get the reply. Do not delegate it again: the same call attaches to the first until you have its answer. \
If the agent asks for a permission or has a question, the status is "accepted" at once, with waiting_for. session_answer answers it. \
Cancelling this call stops the waiting, not the work. session_cancel stops the work.
The answer ends with <task_metadata>: session_id, topic, prompt_id, status. A failed task has a code and a fix. Its session can be continued.`,
    input: schemas.delegateInput,
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
    run: delegate,
  }),
  tool({
    name: 'session_outcome',
    title: 'Get the reply of a delegated task',
    description: `Returns the reply of a task that delegate_task answered with status "accepted", or whose answer was lost. Waits up to wait_seconds. If the task has not ended by then, the status \
is "accepted" again, and the answer says whether the task is queued, running, or waits for an answer. Call again to wait longer. \
With prompts it answers for several tasks at once, when the first or all have ended: one call instead of many. \
With page, it returns all that the task said. The call changes nothing.`,
    input: schemas.outcomeInput,
    annotations: LOOK,
    run: outcome,
  }),
  tool({
    name: 'session_view',
    title: 'Look at one line of work',
    description: `Shows one topic, named by topic or session_id: its sessions with agent, model and directory, the running turn and what it waits for, the queue, and how the last tasks ended. \
Use it to see what an agent is doing or has done before you decide. For the reply of one task use session_outcome.`,
    input: schemas.viewInput,
    annotations: LOOK,
    run: view,
  }),
  tool({
    name: 'session_list',
    title: 'List the lines of work',
    description:
      'Lists the topics, those of this project first, then newest first: each with its session_id, its state, the goal of its last turn, and what a waiting one waits for. yours: you have delegated to it in this conversation. Use it to find the session of earlier work when you no longer have its session_id.',
    input: schemas.listInput,
    annotations: LOOK,
    run: list,
  }),
  tool({
    name: 'session_answer',
    title: 'Answer what a delegated task asks',
    description: `Answers a permission or a question for which a turn waits, so that it goes on: an answer with waiting_for, or session_view, shows what is asked. Decide only what the person you work for wants; if you do not know, ask them first. With decision "retry" it tries a turn again now that waits for a limit of the provider or for its agent. Then call session_outcome for the reply.`,
    input: schemas.answerInput,
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
    run: answer,
  }),
  tool({
    name: 'session_cancel',
    title: 'Stop a delegated task',
    description: `Stops the running turn of a topic. With prompt_id it cancels that prompt, running or queued. The session can still be continued. Changes that the agent has made are not undone.`,
    input: schemas.cancelInput,
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
    run: cancel,
  }),
];

/** The same, with the names of the agents that there are. */
export function toolsWith(agents: schemas.KnownAgents): readonly Tool[] {
  const input = schemas.delegateInput.extend({ agent: schemas.agentOf(agents) });
  return TOOLS.map((one) => (one.input === schemas.delegateInput ? { ...one, input } : one));
}

/** Checks that `run` takes what `input` parses to. */
function tool<Input extends z.ZodType>(
  definition: Omit<Tool, 'input' | 'run'> & {
    input: Input;
    run: (args: z.infer<Input>, call: Call) => Promise<CallToolResult>;
  },
): Tool {
  return definition;
}
