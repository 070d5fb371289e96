/**
 * The workflow of a topic. It holds the agent's session, takes prompts and works on one at a time.
 *
 * 1. An accepted prompt is in `state.queue` or in `running`, or has an outcome. Only its end takes
 *    it out.
 * 2. One turn at a time: only the loop in `live.ts` starts one. The loop waits for the turn to end,
 *    or hands it to the next run.
 * 3. `carried()` has everything that another run needs. Continue-as-new carries it, a topic that
 *    ends returns it, and the `state` query answers it for a run that was ended from outside.
 * 4. Handlers are registered before the first `await`, and fail only with `ApplicationFailure`.
 * 5. No message ends, blocks or forks a topic. A request to cancel the workflow closes it.
 *
 * Runs in the workflow sandbox: no clock, no random, no I/O of its own. Recorded histories guard
 * every change.
 */
import * as wf from '@temporalio/workflow';
import { failure } from '../contract/failures.js';
import { isId } from '../contract/ids.js';
import * as messages from '../contract/messages.js';
import { isReason } from '../contract/parse-prompt.js';
import type { TopicInput, TopicState } from '../contract/state.js';
import type { Accepted, TurnResult } from '../contract/types.js';
import { cancelOnce } from './cancel-once.js';
import { close } from './close.js';
import { Features } from './features.js';
import { live } from './live.js';
import { recalled, resumed } from './recall.js';
import { asRefusal, refused } from './refused.js';
import { tellReplayed } from './replayed.js';
import { newTopicState } from './session-state.js';
import { retryNow, takeAnswer, takeAnswerSignal } from './take-answer.js';
import { Topic } from './topic.js';

export async function topicSession(input?: TopicInput): Promise<TopicState> {
  const features = new Features();
  const topic = new Topic(features);
  if (features.current) closeOnCancellation(topic);
  else topic.begin({ ...newTopicState(), ...input?.state });
  listen(topic);
  tellReplayed(topic);
  if (!features.current) return live(topic);
  return wf.CancellationScope.nonCancellable(async () => {
    const carried = resumed(input);
    if (carried) topic.begin(carried.state, carried.running);
    else await recalled(topic, input);
    return live(topic);
  });
}

/**
 * *Request Cancellation* in the Web UI is the operator's `close --now`: the topic ends in order and
 * keeps its state.
 */
function closeOnCancellation(topic: Topic): void {
  const close = () => {
    topic.state.closing = true;
    topic.endAll('the cancellation of its topic was requested');
    topic.show();
  };
  wf.CancellationScope.current().cancelRequested.catch(() => safely(topic, close));
}

function listen(topic: Topic): void {
  // Set this handler first. Temporal delivers buffered messages in the order in which handlers are
  // set, and a signal that came before any worker is older than an update that waited for one.
  wf.setHandler(messages.promptSignal, (payload: unknown) => signalled(topic, () => topic.signalled(payload)), {
    description: 'The same prompt, without waiting: an object with "prompt", or a bare string.',
  });
  wf.setHandler(
    messages.prompt,
    (payload) => handled(topic, () => topic.prompted(payload)) as Promise<TurnResult | Accepted>,
    {
      description: 'Accept a prompt and wait for its outcome.',
      validator: (payload) => topic.validate(payload),
    },
  );
  wf.setHandler(messages.answerSignal, (payload: unknown) => signalled(topic, () => takeAnswerSignal(topic, payload)), {
    description: 'The same answer, without waiting.',
  });
  wf.setHandler(messages.retrySignal, () => signalled(topic, () => retryNow(topic.running)), {
    description: 'The same, without waiting.',
  });
  wf.setHandler(messages.answer, (payload) => safely(topic, () => takeAnswer(topic, payload)), {
    description: 'Answer what the running turn asks: { "decision": "allow" | "always" | "deny" | "reply", "text" }.',
  });
  wf.setHandler(messages.retry, () => safely(topic, () => retryNow(topic.running)), {
    description: 'Try a turn again now that waits for a quota or for its agent.',
  });
  wf.setHandler(messages.cancel, (payload) => safely(topic, () => cancelOnce(topic, payload)), {
    description: 'Stop the running turn, or take a queued prompt out.',
    validator: (payload: unknown) => {
      if (payload === undefined || payload === null || isCancelRequest(payload)) return;
      throw refused(
        failure(
          'INVALID_PROMPT',
          'cancel takes nothing, or an object with a "prompt_id", a "reason" of 1 to 1000 characters, or both.',
        ),
      );
    },
  });
  wf.setHandler(messages.close, (payload) => safely(topic, () => close(topic, payload)), {
    description:
      'Finish the queue, then end; with { "now": true } stop what runs, cancel what is queued, and end; with { "archive": true } archive the sessions of the agents as well.',
  });
  wf.setHandler(messages.forget, (payload) => safely(topic, () => topic.forget(payload)), {
    description: 'Forget everything and end; with { "sessions": true } delete the conversations of the agents as well.',
  });
  wf.setHandler(messages.view, () => topic.view(), { description: 'Everything a person wants to see.' });
  wf.setHandler(messages.outcome, (promptId, digest) => topic.promptState(promptId, digest), {
    description: "One prompt's state, by its id.",
  });
  wf.setHandler(messages.state, () => topic.carried(), {
    description: 'What the topic carries, for the run after this one.',
  });
  if (topic.features.current) wf.setDefaultSignalHandler((name) => signalled(topic, () => topic.misnamed(name)));
}

function signalled(topic: Topic, work: () => void): void {
  const handle = () => topic.signal(work);
  if (topic.features.signalsFirst) topic.inbox.signal(handle);
  else handle();
}

/** Runs `work` once the topic has recalled its state. */
function safely<T>(topic: Topic, work: () => T | Promise<T>): T | Promise<T> {
  return handled(topic, () => topic.whenReady(work));
}

/**
 * Runs a handler in a scope that a request to cancel the workflow does not reach, and turns a
 * defect of ours into a refusal. A run of an older release calls the handler directly, as its
 * history has it.
 */
function handled<T>(topic: Topic, work: () => T | Promise<T>): T | Promise<T> {
  if (!topic.features.current) return work();
  const run = () => wf.CancellationScope.nonCancellable(async () => work()).catch(asRefusal);
  return topic.features.signalsFirst ? topic.inbox.update(run) : run();
}

function isCancelRequest(payload: unknown): boolean {
  if (typeof payload !== 'object' || payload === null) return false;
  const { prompt_id, reason } = payload as Record<string, unknown>;
  return (prompt_id === undefined || isId(prompt_id)) && (reason === undefined || isReason(reason));
}
