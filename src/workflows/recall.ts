/**
 * What a topic knew before this run. A run that continues another one carries it; every other run asks for the newest run
 * before it, however that one ended. So a topic is continued by its name from every sender, and a used prompt id stays used.
 */
import * as wf from '@temporalio/workflow';
import type { Activities, EndedRun } from '../activities/types.js';
import { failure } from '../contract/failures.js';
import { isTopicState, type RunningPrompt, type TopicInput, type TopicState } from '../contract/state.js';
import type { TurnResult } from '../contract/types.js';
import { cancelledBeforeItBegan, cutOffFromOutside } from './ended.js';
import { newTopicState, recordOutcome } from './session-state.js';
import { now } from './time.js';
import type { Topic } from './topic.js';

interface Carried {
  state: TopicState;
  running?: RunningPrompt;
}

/** What the run before this one carried over, if this run continues one. */
export function resumed(input: TopicInput | undefined): Carried | undefined {
  const given: unknown = input?.state;
  if (wf.workflowInfo().continuedFromExecutionRunId === undefined || !isTopicState(given)) return undefined;
  return whole(given);
}

/** What runs stands in the queue as well, for releases that know nothing of `running`. */
function whole(given: TopicState): Carried {
  const { running, ...state } = { ...newTopicState(), ...given };
  if (!running || state.queue[0]?.prompt_id !== running.prompt.prompt_id) return { state };
  return { state: { ...state, queue: state.queue.slice(1) }, running };
}

/**
 * Asked by a local activity: it costs one event, and nothing of the topic's own can run before the answer is there. What is
 * not known for certain is asked again, for as long as it takes: a topic that began anew by mistake would run prompts twice.
 */
export async function recalled(topic: Topic, input: TopicInput | undefined): Promise<void> {
  const { workflowId, runId, firstExecutionRunId } = wf.workflowInfo();
  const { recall } = wf.proxyLocalActivities<Activities>({
    startToCloseTimeout: '10 seconds',
    localRetryThreshold: '5 minutes',
    retry: { initialInterval: '200ms', maximumInterval: '5 seconds' },
    summary: 'what did the topic know before?',
  });
  const before = await recall({ workflow_id: workflowId, run_id: runId });
  const known = before && isTopicState(before.state) ? before.state : undefined;
  const { state, running }: Carried = !before || !known ? { state: newTopicState() } : before.was_reset ? whole({ ...known, closing: false }) : afterItsEnd(topic, known, before);
  // A run that was reset to its beginning takes its messages again, under the same ids.
  delete state.signals;
  if (state.ids.length === 0 && state.sessions.length === 0) state.epoch = firstExecutionRunId;
  topic.begin(state, running);
  if (input?.state !== undefined) topic.noteRefused(failure('INVALID_PROMPT', 'The topic was started with a state that it did not write. It was left out.'));
  if (before && !known) topic.noteRefused(failure('INTERNAL', `What the topic knew in run ${before.run_id} could not be read: ${before.problem ?? 'it is not a state'}.`));
}

/** What was accepted and not ended, when a run was ended from outside, ends now: nothing is run that nobody waits for. */
function afterItsEnd({ id }: Topic, before: TopicState, { status }: EndedRun): Carried {
  const { running, queue, ...kept } = before;
  const state: TopicState = { ...newTopicState(), ...kept, queue: [], closing: false };
  delete state.idle_since; // Otherwise a topic that closed for lack of work would close again at once.
  // Its worker may have died, or may have seen this run and let go: then the agent is still at work.
  if (running?.session_id) state.to_stop = [...new Set([...(state.to_stop ?? []), running.session_id])];
  const why = `the topic was ended from outside (${status})`;
  const end = (outcome: TurnResult) => recordOutcome(state, outcome);
  if (running) end(cutOffFromOutside(id, state, running, now(), why));
  for (const prompt of queue) if (prompt.prompt_id !== running?.prompt.prompt_id) end(cancelledBeforeItBegan(id, state, prompt, now(), why));
  return { state };
}
