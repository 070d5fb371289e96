/**
 * The loop of one run: it works on one prompt after the other, until the topic ends or continues as
 * new.
 */
import * as wf from '@temporalio/workflow';
import { defined } from '../contract/defined.js';
import type { QueuedPrompt, RunningPrompt, TopicState } from '../contract/state.js';
import type { Forgotten } from '../contract/answers.js';
import type { TurnResult } from '../contract/types.js';
import { deleteSession } from './calls.js';
import { workOn } from './check-loop.js';
import { archiveSessions } from './close.js';
import { heldUntil, nextIn } from './held-back.js';
import { takeNext } from './session-state.js';
import type { topicSession } from './topic-session.js';
import { now } from './time.js';
import type { Topic } from './topic.js';

/**
 * A topic that never accepted a prompt ends after this time. A prompt that was refused can open
 * such a topic.
 */
const EMPTY_TOPIC_ENDS_AFTER_MS = 60 * 60 * 1000;
/**
 * How long a topic that ends waits for its host to stop turns that may still run there, and to deliver
 * its notices. It keeps what is left, for the run that opens it again.
 */
const HOST_IS_WAITED_FOR = '30 seconds';
/**
 * In the middle of a turn, a run continues as new only beyond these limits. They lie somewhat above
 * the 4 MiB and 4,096 events at which Temporal suggests it, because the end of the turn is the
 * better moment. They lie far below the 50 MiB and 51,200 events at which the server ends a
 * workflow. Each message that arrives while a run continues as new makes the server start the task
 * again, so there must be room for many tries.
 */
const MOST_BYTES_IN_A_TURN = 5 * 1024 * 1024;
const MOST_EVENTS_IN_A_TURN = 6_000;

export async function live(topic: Topic): Promise<TopicState> {
  topic.show();
  for (;;) {
    if (!topic.running) {
      if (topic.features.current) {
        // A handler may be about to queue a prompt. One whose prompt is held back is not over before it.
        await wf.condition(() => hasWork(topic) || isQuiet(topic) || heldUntil(topic.state) !== undefined);
        if (!hasWork(topic)) void closeWhenIdle(topic);
      }
      const until = heldUntil(topic.state);
      if (!hasWork(topic)) void watchHeld(topic);
      await wf.condition(() => hasWork(topic) || heldUntil(topic.state) !== until);
      if (!hasWork(topic)) continue; // Another prompt is held back, or none any more.
    }
    // The run that was asked to forget must answer the caller of `forget` itself.
    if (!topic.running && !topic.forgetting && wf.workflowInfo().continueAsNewSuggested) return continueAsNew(topic);
    const running = topic.running ?? begin(topic);
    if (!running) {
      if (await end(topic)) return topic.state;
      continue;
    }
    const result = await ended(topic, running);
    if (!result) return continueAsNew(topic);
    topic.record(running.prompt, result);
    if (topic.state.queue.length > 0 && topic.features.isTrouble(result.error) && wf.patched('queues-wait'))
      for (const queued of topic.state.queue) queued.patient = true;
    topic.running = undefined;
    if (nextIn(topic.state, now()) < 0) topic.announce();
    topic.show();
  }
}

/** Whether every message that arrived was handled. */
function isQuiet({ inbox }: Topic): boolean {
  return inbox.isEmpty && wf.allHandlersFinished();
}

function hasWork({ state }: Topic): boolean {
  return nextIn(state, now()) >= 0 || state.closing || wf.workflowInfo().continueAsNewSuggested;
}

function begin(topic: Topic): RunningPrompt | undefined {
  const prompt: QueuedPrompt | undefined = takeNext(topic.state, nextIn(topic.state, now()));
  if (!prompt) return undefined;
  topic.features.begins(prompt);
  topic.notices.resume(); // Those that an older release has left.
  delete topic.state.idle_since;
  topic.running = { prompt, turn: topic.state.turns, session_id: null, started_at: now() };
  return topic.running;
}

/**
 * How the turn ended. `undefined` when the run has grown so far that the next run has to continue
 * the turn.
 */
function ended(topic: Topic, running: RunningPrompt): Promise<TurnResult | undefined> {
  topic.scope = new wf.CancellationScope();
  if (running.stopped) topic.scope.cancel(); // The run before this one was asked to stop the turn.
  const work = { topic, prompt: running.loop?.prompt ?? running.prompt, turn: running, scope: topic.scope };
  if (!topic.features.current) return workOn(work);
  let result: TurnResult | undefined;
  const working = workOn(work).then((ended) => (result = ended));
  // The race rejects when `working` does: a defect of ours must fail the workflow task.
  return Promise.race([
    working,
    wf.condition(() => result !== undefined || (!topic.forgetting && hasGrownTooFar())).then(() => result),
  ]);
}

function hasGrownTooFar(): boolean {
  const { historySize, historyLength } = wf.workflowInfo();
  return historySize > MOST_BYTES_IN_A_TURN || historyLength > MOST_EVENTS_IN_A_TURN;
}

async function continueAsNew(topic: Topic): Promise<never> {
  topic.rolling = true;
  await wf.condition(() => isQuiet(topic));
  // No `await` from here on, because the state has everything that arrived until now. After an
  // `await`, this code might never be reached: callers that ask again keep the run busy. An
  // activity that is still at work finds that its topic continues, and lets go of the turn.
  return wf.continueAsNew<typeof topicSession>({ state: topic.carried() });
}

/** @returns whether the topic can end: no prompt arrived meanwhile */
async function end(topic: Topic): Promise<boolean> {
  const { state } = topic;
  const notifies = state.notices !== undefined && topic.features.notifies;
  const isDone = () => state.to_stop === undefined && (state.notices === undefined || !notifies);
  if (!isDone()) await wf.condition(isDone, HOST_IS_WAITED_FOR);
  if (state.archives && !topic.forgetting) await (topic.archiving = archiveSessions(topic));
  if (topic.forgetting) {
    topic.startAnew({ topic: topic.id, sessions: await forgottenSessions(topic, topic.forgetting.sessions === true) });
  }
  topic.ended = true;
  topic.show();
  topic.announce();
  // A prompt that arrived meanwhile may hold a caller. It must be worked on first.
  await wf.condition(
    () => isQuiet(topic) || (topic.state.queue.length > 0 && wf.patched('ends-are-put-off-for-prompts')),
  );
  if (topic.state.queue.length === 0) {
    const { archives: _, ...kept } = topic.state;
    topic.state = { ...kept, closing: false, marks: true }; // The next prompt by name opens the topic again.
    return true;
  }
  topic.ended = false;
  topic.archiving = undefined;
  return false;
}

async function forgottenSessions({ id, state }: Topic, wanted: boolean): Promise<Forgotten['sessions']> {
  const each = state.sessions.map(async (session) => {
    const { session_id, pinned } = session;
    const kept = wanted ? await deleteSession(id, session) : 'it was not asked for';
    return {
      session_id,
      agent: pinned.agent,
      host: pinned.host,
      deleted: kept === undefined,
      ...defined({ kept_because: kept }),
    };
  });
  return Promise.all(each);
}

/**
 * Starts one timer. It starts another one only when that timer has fired or would fire too late.
 * Stopping and starting a timer with every turn would cost two events in each.
 */
async function closeWhenIdle(topic: Topic): Promise<void> {
  if (heldUntil(topic.state) === undefined) topic.state.idle_since ??= now();
  for (;;) {
    const { idle_since } = topic.state;
    // What is held back is still to be done.
    const after = heldUntil(topic.state) === undefined ? closesAfter(topic.state) : undefined;
    if (after === undefined || idle_since === undefined || topic.running || topic.state.closing) return;
    const at = Date.parse(idle_since) + after;
    const left = at - Date.parse(now());
    if (left <= 0) {
      topic.state.closing = true;
      return;
    }
    // The timer that runs will look again.
    if (topic.idleWatchedUntil !== undefined && topic.idleWatchedUntil <= at) return;
    topic.idleWatchedUntil = at;
    await wf.sleep(left);
    if (topic.idleWatchedUntil === at) topic.idleWatchedUntil = undefined;
  }
}

/** As `closeWhenIdle`: the loop looks again when a prompt has waited long enough for a warm session. */
async function watchHeld(topic: Topic): Promise<void> {
  for (;;) {
    const at = heldUntil(topic.state);
    // What is held no longer is the loop's.
    if (at === undefined || topic.running || hasWork(topic)) return;
    if (topic.heldWatchedUntil !== undefined && topic.heldWatchedUntil <= at) return;
    topic.heldWatchedUntil = at;
    await wf.sleep(Math.max(at - Date.parse(now()), 1));
    if (topic.heldWatchedUntil === at) topic.heldWatchedUntil = undefined;
  }
}

function closesAfter({ close_after_ms, sessions, ids, turns }: TopicState): number | undefined {
  const isEmpty = sessions.length === 0 && ids.length === 0 && turns === 0;
  return close_after_ms ?? (isEmpty ? EMPTY_TOPIC_ENDS_AFTER_MS : undefined);
}
