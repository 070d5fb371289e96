/** Opens a session of the topic. Waits while the agent can't open one. */
import * as wf from '@temporalio/workflow';
import type { OpenSessionOutput } from '../activities/types.js';
import { defined } from '../contract/defined.js';
import { failure } from '../contract/failures.js';
import type { SessionRecord } from '../contract/state.js';
import type { PromptRequest } from '../contract/types.js';
import * as calls from './calls.js';
import type { ToOpen } from './choose-session.js';
import { endedByError } from './ended.js';
import { onHost } from './on-host.js';
import { addSession } from './session-state.js';
import { now } from './time.js';
import type { Work } from './turn.js';
import { waited, waitForAgent } from './waiting.js';

export async function openSession(work: Work, { opening, host }: Omit<ToOpen, 'choice'>): Promise<SessionRecord> {
  const { topic, prompt, scope } = work;
  const { epoch } = topic.state;
  const { prompt_id, request } = prompt;
  const input = { topic: topic.id, prompt_id, ...defined({ epoch }), ...opening, ...keepsModel(request) };
  const open = (where: calls.Where) => calls.openSession(input, request.prompt, where);
  const opened = await openedInTime(work, () =>
    host === undefined ? scope.run(() => open(calls.ANYWHERE)) : onHost(work, host, open),
  );
  if (opening.workspace === 'worktree' && !opened.pinned.workspace && topic.features.insistsOnWorktrees)
    throw withoutWorktree(opened);
  const session = { ...opened, turns: 0, opened_at: now() };
  addSession(topic.state, session);
  return session;
}

/** A worker of a release that knows no work trees opens the session in the shared directory. */
function withoutWorktree({ session_id, pinned }: OpenSessionOutput): wf.ApplicationFailure {
  const problem = failure(
    'WORKSPACE_UNAVAILABLE',
    `The worker of host ${pinned.host} made no work tree for session ${session_id}. Its release is too old for that.`,
    'Update the worker on that host, or send the prompt without a work tree.',
  );
  return wf.ApplicationFailure.create({ type: problem.code, message: problem.message, details: [problem] });
}

/** A patient prompt waits until its agent can open a session. */
export async function openedInTime<T = OpenSessionOutput>(work: Work, open: () => Promise<T>): Promise<T> {
  for (;;) {
    if (work.turn.waiting) await waited(work, work.turn.waiting);
    try {
      return await open();
    } catch (error) {
      const { status, error: problem } = endedByError(error, undefined, work.scope.consideredCancelled);
      const waiting = status === 'failed' && problem ? waitForAgent(work, problem) : undefined;
      if (!waiting) throw error;
      await waited(work, waiting);
    }
  }
}

/** A model that a prompt names is not replaced by another one. */
export const keepsModel = ({ model }: PromptRequest) => (model === undefined ? {} : { keeps_model: true as const });
