/**
 * The home of a topic: holds the agent's session, takes prompts, works on one at a time.
 *
 * 1. A prompt that was accepted is in `state.queue` or in `running`, or has an outcome; nothing takes it out but its end.
 * 2. One turn at a time: only the main function starts one, and it waits for its end.
 * 3. Between turns everything that matters is in `state`, and continue-as-new carries just that.
 * 4. Handlers are registered before the first `await`, and fail only with `ApplicationFailure`.
 *
 * Runs in the workflow sandbox: no clock, no random, no I/O of its own. Every change is guarded by a recorded history.
 */
import * as wf from '@temporalio/workflow';
import { failure, type Failure } from '../contract/failures.js';
import { isReason, parsePrompt } from '../contract/guard.js';
import { isId, topicOf, type PromptId } from '../contract/ids.js';
import { MAX_HELD_CALLERS } from '../contract/limits.js';
import * as messages from '../contract/messages.js';
import type { Cancelled, PromptRequest, TurnResult } from '../contract/types.js';
import { announce } from './announce.js';
import { workOn } from './check-loop.js';
import { accept, cancelQueued, isKnown, newTopicState, noteRefused, outcomeOf, recordOutcome, refusalOf, takeNext } from './session-state.js';
import { detailsOf, promptStateOf, roundOf, viewOf, type RunningTurn } from './topic-view.js';
import { digestOf, titleOf } from './text.js';
import { cancelledBeforeItBegan } from './turn.js';

/** A topic of an older release gave random ids: its history must be read as that. */
const IDS_FROM_HISTORY = 'prompts-are-named-by-history';
/** A signal that an older release took is in the queue that its history goes on with. */
const WHOLE_REQUESTS_COUNT = 'whole-requests-fill-the-queue';

export async function topicSession(input?: messages.TopicInput): Promise<messages.TopicState> {
  const topic = topicOf(wf.workflowInfo().workflowId);
  const state: messages.TopicState = { ...newTopicState(), ...input?.state };
  let running: RunningTurn | undefined;
  let runningScope: wf.CancellationScope | undefined;
  /** The outcome that was recorded last, whole; the memory of outcomes may hold it cut. */
  let latest: TurnResult | undefined;
  let held = 0;
  let rolling = false;
  let ended = false;

  const now = () => new Date().toISOString();
  const known = (promptId: PromptId) => (latest?.prompt_id === promptId ? latest : outcomeOf(state, promptId));
  const isPending = (promptId: PromptId) =>
    running?.prompt.prompt_id === promptId || state.queue.some((queued) => queued.prompt_id === promptId);
  const show = () => wf.setCurrentDetails(detailsOf(topic, state, running, ended));

  const stop = (why: NonNullable<RunningTurn['stopped']>) => {
    if (!running) return;
    running.stopped ??= why;
    runningScope?.cancel();
  };
  /** The same after a reset, by which what came since is handed in again: under a random id such a prompt would be put into the session twice. */
  const idOf = () => {
    if (!wf.patched(IDS_FROM_HISTORY)) return wf.uuid4();
    const update = wf.currentUpdateInfo();
    if (!update) return `signal-${state.signals ?? 0}-${wf.workflowInfo().firstExecutionRunId}`;
    const named = `update-${update.id}`;
    return isId(named) ? named : `update-${digestOf(named)}`;
  };
  const take = (request: PromptRequest) => {
    const again = request.prompt_id !== undefined && isKnown(state, request.prompt_id);
    const promptId = accept(state, request, now(), idOf);
    if (request.when === 'interrupt' && !again) stop({ message: `The turn was interrupted by prompt ${promptId}: ${titleOf(request.prompt)}`, interrupted_by: promptId });
    show();
    return promptId;
  };
  const takeOut = (promptId: PromptId, reason?: string) =>
    cancelQueued(state, promptId, (queued) => (latest = cancelledBeforeItBegan(topic, state, queued, now(), reason)));

  // First, for each handler is given at once what came before it was there: a signal stands in history before an update that waited for a worker.
  wf.setHandler(
    messages.promptSignal,
    (payload: unknown) => {
      state.signals = (state.signals ?? 0) + 1;
      const parsed = parsePrompt(payload);
      const refusal = 'problem' in parsed ? parsed.problem : refusalOf(state, parsed.request, topic, 'signal', () => wf.patched(WHOLE_REQUESTS_COUNT));
      if (refusal) noteRefused(state, refusal, 'request' in parsed ? parsed.request.prompt_id : promptIdIn(payload), now());
      else if ('request' in parsed) take(parsed.request);
      show();
    },
    { description: 'The same prompt, without waiting: an object with "prompt", or a bare string.' },
  );

  wf.setHandler(
    messages.prompt,
    async (payload) => {
      const { wait, ...request } = requestOf(payload);
      const promptId = take(request);
      const accepted = { status: 'accepted', topic, prompt_id: promptId } as const;
      if (wait === false || held >= MAX_HELD_CALLERS) return known(promptId) ?? accepted;
      held += 1;
      try {
        await wf.condition(() => rolling || known(promptId) !== undefined || !isPending(promptId));
      } finally {
        held -= 1;
      }
      return known(promptId) ?? accepted;
    },
    {
      description: 'Accept a prompt and wait for its outcome.',
      validator: (payload) => {
        const refusal = refusalOf(state, requestOf(payload), topic, 'update');
        if (refusal) throw refused(refusal);
      },
    },
  );

  wf.setHandler(
    messages.cancel,
    (payload: messages.CancelRequest | undefined | null): Cancelled => {
      const { prompt_id: promptId, reason } = payload ?? {};
      if (running && (promptId === undefined || running.prompt.prompt_id === promptId || roundOf(running) === promptId)) {
        stop({ message: reason === undefined ? 'The turn was cancelled.' : `The turn was cancelled: ${reason}` });
        return { prompt_id: running.prompt.prompt_id, effect: 'stopping' };
      }
      if (promptId === undefined) return { prompt_id: null, effect: 'nothing_running' };
      const effect = takeOut(promptId, reason);
      show();
      if (effect === undefined) throw refused(failure('INVALID_PROMPT', `Topic ${topic} knows no prompt ${promptId}.`));
      return { prompt_id: promptId, effect };
    },
    {
      description: 'Stop the running turn, or take a queued prompt out.',
      validator: (payload: messages.CancelRequest | undefined | null) => {
        const well = payload === undefined || payload === null || isCancelRequest(payload);
        if (!well) throw refused(failure('INVALID_PROMPT', 'cancel takes nothing, or an object with a "prompt_id", a "reason" of 1 to 1000 characters, or both.'));
      },
    },
  );

  wf.setHandler(
    messages.close,
    (payload) => {
      state.closing = true;
      if (payload?.now === true) {
        for (const { prompt_id } of [...state.queue]) takeOut(prompt_id, 'the topic was closed');
        stop({ message: 'The turn was cancelled: the topic was closed.' });
      }
      show();
      return { remaining: state.queue.length + (running ? 1 : 0) };
    },
    { description: 'Finish the queue, then end; with { "now": true } stop what runs, cancel what is queued, and end.' },
  );

  wf.setHandler(messages.view, () => viewOf(topic, state, running, ended), { description: 'Everything a person wants to see.' });
  wf.setHandler(messages.outcome, (promptId) => promptStateOf(state, running, promptId), { description: "One prompt's state, by its id." });

  show();
  for (;;) {
    await wf.condition(() => state.queue.length > 0 || state.closing || wf.workflowInfo().continueAsNewSuggested);
    if (wf.workflowInfo().continueAsNewSuggested) {
      rolling = true;
      await wf.condition(wf.allHandlersFinished);
      // No await from here on: what arrived until now is in the state. An extra workflow task in between would starve (facts: 188 of 250 gave up).
      return wf.continueAsNew<typeof topicSession>({ state });
    }
    const prompt = takeNext(state);
    if (!prompt) {
      ended = true;
      show();
      announce(topic, state, undefined, ended);
      await wf.condition(wf.allHandlersFinished);
      if (state.queue.length === 0) return { ...state, closing: false }; // Whoever opens it again opens it.
      ended = false;
      continue;
    }
    const turn: RunningTurn = { prompt, turn: state.turns, session_id: null, started_at: now() };
    running = turn;
    runningScope = new wf.CancellationScope();
    const result = await workOn({ topic, state, prompt, turn, scope: runningScope, show });
    latest = result;
    recordOutcome(state, result);
    running = undefined;
    if (state.queue.length === 0) announce(topic, state, undefined, ended);
    show();
  }
}

function isCancelRequest(payload: unknown): boolean {
  if (typeof payload !== 'object' || payload === null) return false;
  const { prompt_id, reason } = payload as Record<string, unknown>;
  return (prompt_id === undefined || isId(prompt_id)) && (reason === undefined || isReason(reason));
}

/** Also called by the handler: what passed the validator passes again. */
function requestOf(payload: unknown): PromptRequest {
  const parsed = parsePrompt(payload);
  if ('problem' in parsed) throw refused(parsed.problem);
  return parsed.request;
}

function refused(problem: Failure): wf.ApplicationFailure {
  return wf.ApplicationFailure.create({ type: problem.code, message: problem.message, nonRetryable: true, details: [problem] });
}

function promptIdIn(payload: unknown): PromptId | undefined {
  const candidate = typeof payload === 'object' && payload !== null && 'prompt_id' in payload ? payload.prompt_id : undefined;
  return isId(candidate) ? (candidate as PromptId) : undefined;
}
