/** The tools: what a model reads to pick the right one, and what each does. */
import type { CallToolResult, ToolAnnotations } from '@modelcontextprotocol/server';
import type * as z from 'zod';
import type { Call } from './call.js';
import { delegate, outcome } from './delegation.js';
import * as schemas from './schemas.js';
import { cancel, list, view } from './topics.js';

export interface Tool {
  name: string;
  title: string;
  description: string;
  input: z.ZodType;
  output: z.ZodType;
  annotations: ToolAnnotations;
  run: (args: never, call: Call) => Promise<CallToolResult>;
}

export const INSTRUCTIONS = `Hands work to coding agents whose sessions survive crashes. Keep the session_id of each result: fixes and follow-ups go to \
delegate_task with that session_id, unrelated work goes without it. Lost the id? session_list.`;

const LOOK: ToolAnnotations = { readOnlyHint: true, openWorldHint: false };

export const TOOLS: readonly Tool[] = [
  tool({
    name: 'delegate_task',
    title: 'Delegate a task to a coding agent',
    description: `Hands a task to a coding agent and returns its reply. The agent works in a session that remembers everything it has read and done, also after a crash.

CONTINUE a session for whatever belongs to its work: a fix, a follow-up, a question about it, the next step. Pass the session_id of the earlier result and say only what is new.
START a new session for an unrelated task: pass no session_id, and no topic or a new one. For a fresh perspective on the same work (a review by someone who did not write it): its topic and session: "new".

Prompts to one session run one at a time, in order; different topics run at the same time.
If the reply is not there within wait_seconds, the status is "accepted": the work goes on, and session_outcome with topic and prompt_id gets the reply. Do not delegate it again. \
Cancelling this call stops the waiting, not the work; session_cancel stops the work.
The answer ends with <task_metadata>: session_id, topic, prompt_id, status. A failed task has a code and a fix, and its session can be continued.`,
    input: schemas.delegateInput,
    output: schemas.taskOutput,
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
    run: delegate,
  }),
  tool({
    name: 'session_outcome',
    title: 'Get the reply of a delegated task',
    description: `The reply of a task that delegate_task answered with status "accepted", or whose answer was lost. Waits up to wait_seconds for it; if it is still not there, the status \
is "accepted" again and says whether the task is queued or running: ask once more. Changes nothing, and can be asked any number of times.`,
    input: schemas.outcomeInput,
    output: schemas.taskOutput,
    annotations: LOOK,
    run: outcome,
  }),
  tool({
    name: 'session_view',
    title: 'Look at one line of work',
    description: `All about one topic, by topic or session_id: its sessions with agent, model and directory, what is running, what is queued, how the last tasks ended. \
To see what an agent is doing or has done before you decide; the reply of one task is session_outcome.`,
    input: schemas.viewInput,
    output: schemas.viewOutput,
    annotations: LOOK,
    run: view,
  }),
  tool({
    name: 'session_list',
    title: 'List the lines of work',
    description: 'The topics there are, newest first, each with its session_id and state. To find the session of earlier work whose session_id you no longer have.',
    input: schemas.listInput,
    output: schemas.listOutput,
    annotations: LOOK,
    run: list,
  }),
  tool({
    name: 'session_cancel',
    title: 'Stop a delegated task',
    description: `Stops the turn that a topic is running, or with prompt_id that one prompt, running or queued. The session stays and can be continued; what the agent has changed is not undone.`,
    input: schemas.cancelInput,
    output: schemas.cancelOutput,
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
    run: cancel,
  }),
];

/** What `run` is given is what `input` lets through. */
function tool<Input extends z.ZodType>(definition: Omit<Tool, 'input' | 'run'> & { input: Input; run: (args: z.infer<Input>, call: Call) => Promise<CallToolResult> }): Tool {
  return definition;
}
