/**
 * Recalls what the topic knew before this run. A run that continues another one carries the state
 * with it. Every other run asks for the newest run before it, whatever ended that one. So every
 * sender can continue a topic by its name, and a used prompt id stays used.
 */
import * as wf from '@temporalio/workflow';
import type { Activities, EndedRun } from '../activities/types.js';
import { failure } from '../contract/failures.js';
import {
  isTopicState,
  type QueuedPrompt,
  type RunningPrompt,
  type TopicInput,
  type TopicState,
} from '../contract/state.js';
import type { TurnResult } from '../contract/types.js';
import { cancelledBeforeItBegan, cutOffFromOutside } from './ended.js';
import { noteEnded } from './noticed.js';
import { newTopicState, recordOutcome } from './session-state.js';
import { now } from './time.js';
import type { Topic } from './topic.js';

interface Carried {
  state: TopicState;
  running?: RunningPrompt;
}

/**
 * The state that the run before carried over. `undefined` if this run does not continue another
 * one.
 */
export function resumed(input: TopicInput | undefined): Carried | undefined {
  const given: unknown = input?.state;
  if (wf.workflowInfo().continuedFromExecutionRunId === undefined || !isTopicState(given) || isStartedAgain())
    return undefined;
  return whole(given);
}

/**
 * Whether a retry policy or a cron schedule started this run. Such a run has the input of an
 * earlier run, which is old, or made up by a sender.
 */
function isStartedAgain(): boolean {
  const { attempt, cronSchedule } = wf.workflowInfo();
  return (attempt > 1 || cronSchedule !== undefined) && wf.patched('runs-that-start-again-recall');
}

/**
 * The running prompt is also first in the queue, for releases that do not know `running`. Takes it
 * out again.
 */
function whole(given: TopicState): Carried {
  const { running, ...state } = { ...newTopicState(), ...given };
  if (!running || state.queue[0]?.prompt_id !== running.prompt.prompt_id) return { state };
  return { state: { ...state, queue: state.queue.slice(1) }, running };
}

/**
 * Recalls by a local activity, which costs one event and lets no other code of the topic run before
 * the answer. An uncertain answer is asked for again, without an end: a topic that started afresh
 * by mistake would run prompts twice.
 */
export async function recalled(topic: Topic, input: TopicInput | undefined): Promise<void> {
  const { workflowId, runId, firstExecutionRunId, continuedFromExecutionRunId } = wf.workflowInfo();
  const { recall } = wf.proxyLocalActivities<Activities>({
    startToCloseTimeout: '1 minute', // A long history may have to be replayed.
    localRetryThreshold: '5 minutes',
    retry: { initialInterval: '200ms', maximumInterval: '5 seconds' },
    summary: 'what did the topic know before?',
  });
  const before = await recall({ workflow_id: workflowId, run_id: runId });
  const known = before && isTopicState(before.state) ? before.state : undefined;
  const goesOn = before?.status === 'CONTINUED_AS_NEW' && before.run_id === continuedFromExecutionRunId;
  const { state, running }: Carried =
    !before || !known
      ? { state: newTopicState() }
      : goesOn
        ? whole(known)
        : before.was_reset
          ? lookingAgain(whole({ ...known, closing: false }))
          : afterItsEnd(topic, known, before);
  // A run that was reset to its start takes its messages again, under the same ids.
  if (!isStartedAgain()) delete state.signals;
  if (state.ids.length === 0 && state.sessions.length === 0) state.epoch = firstExecutionRunId;
  if (!state.closing) delete state.archives;
  topic.begin(state, running);
  if (input?.state !== undefined && !goesOn)
    topic.noteRefused(
      failure('INVALID_PROMPT', 'The topic was started with a state that it did not write. The state was left out.'),
    );
  if (before && !known)
    topic.noteRefused(
      failure(
        'INTERNAL',
        `The state of the topic in run ${before.run_id} could not be read: ${before.problem ?? 'it is not a state'}.`,
      ),
    );
}

/**
 * A run that was reset takes its answers again. They were given to earlier asks, so the turn first
 * looks what its agent asks now.
 */
function lookingAgain(carried: Carried): Carried {
  delete carried.running?.waiting;
  return carried;
}

/**
 * The state after a run that was ended from outside. Prompts that had been accepted and had not
 * ended end now, because no caller waits for them any more.
 */
function afterItsEnd({ id }: Topic, before: TopicState, { status }: EndedRun): Carried {
  const { running, queue, ...kept } = before;
  const state: TopicState = { ...newTopicState(), ...kept, queue: [], closing: false };
  delete state.idle_since; // Otherwise a topic that closed for lack of work would close again at once.
  // The agent may still be at work: its worker may have died, or may have seen this run and let go
  // of the turn.
  if (running?.session_id) state.to_stop = [...new Set([...(state.to_stop ?? []), running.session_id])];
  const why = `the topic was ended from outside (${status})`;
  const end = (prompt: QueuedPrompt, outcome: TurnResult) => {
    recordOutcome(state, outcome);
    noteEnded(id, state, prompt, outcome, now());
  };
  if (running) end(running.prompt, cutOffFromOutside(id, state, running, now(), why));
  for (const prompt of queue)
    if (prompt.prompt_id !== running?.prompt.prompt_id)
      end(prompt, cancelledBeforeItBegan(id, state, prompt, now(), why));
  return { state };
}
