/**
 * What a topic's history tells of the time after it can no longer be replayed: the sessions that
 * were opened, the prompts that were accepted, and how turns ended. The state before that time comes
 * from the replay. Pure.
 */
import type { OpenSessionOutput, RunTurnInput } from '../src/activities/types.js';
import { derivedId, topicOfWorkflow } from '../src/contract/ids.js';
import { parsePrompt } from '../src/contract/parse-prompt.js';
import { payloadConverter } from '../src/contract/payload-converter.js';
import type { RunningPrompt, TopicState } from '../src/contract/state.js';
import { digestOf } from '../src/contract/text.js';
import type { History } from '../src/activities/context.js';
import { resultOf } from '../src/workflows/ended.js';
import { endedIn, openedIn } from '../src/workflows/read-results.js';
import { accept, addSession, recordOutcome, sessionOf } from '../src/workflows/session-state.js';

type HistoryEvent = NonNullable<History['events']>[number];
type Payloads = Parameters<typeof payloadConverter.fromPayload>[0][] | null | undefined;

const valueOf = (payloads: Payloads): unknown => payloads?.[0] && payloadConverter.fromPayload(payloads[0]);
const timeOf = ({ eventTime }: HistoryEvent) => new Date(Number(eventTime?.seconds ?? 0) * 1000).toISOString();

/** Changes a state that was replayed up to the event `since`, by what came later. */
export function goOnAfterBreak(state: TopicState, { events }: History, since: number, workflowId: string): void {
  const begun = new Map<number, HistoryEvent>();
  for (const event of events ?? []) {
    if (event.activityTaskScheduledEventAttributes) begun.set(Number(event.eventId), event);
    if (Number(event.eventId) <= since) continue;
    const by = begun.get(Number(event.activityTaskCompletedEventAttributes?.scheduledEventId));
    if (by) activityEnded(state, by, event, workflowId);
    else if (event.activityTaskScheduledEventAttributes) turnBegan(state, event);
    else prompted(state, event, workflowId);
  }
}

function activityEnded(state: TopicState, begun: HistoryEvent, ended: HistoryEvent, workflowId: string): void {
  const { activityType, input } = begun.activityTaskScheduledEventAttributes ?? {};
  const result = valueOf(ended.activityTaskCompletedEventAttributes?.result?.payloads);
  if (activityType?.name === 'openSession') {
    const opened: OpenSessionOutput | undefined = openedIn(result);
    if (opened && !sessionOf(state, opened.session_id))
      addSession(state, { ...opened, turns: 0, opened_at: timeOf(ended) });
  }
  const { running } = state;
  const turn = activityType?.name === 'runTurn' ? endedIn(result) : undefined;
  const { prompt_id, session_id } = (valueOf(input?.payloads) ?? {}) as Partial<RunTurnInput>;
  // What a turn waits for, and the checks after it, are lost: such a prompt ends as not known.
  if (!turn || turn.waits || !running || running.prompt.prompt_id !== prompt_id || running.prompt.request.checks)
    return;
  const session = session_id && sessionOf(state, session_id);
  const { prompt, choice = { kind: 'resumed' } } = running;
  const topic = topicOfWorkflow(workflowId);
  recordOutcome(
    state,
    resultOf({ topic, state, prompt, turn: running, choice, session: session || undefined }, turn, timeOf(ended)),
  );
  setRunning(state, undefined);
}

function turnBegan(state: TopicState, event: HistoryEvent): void {
  const { activityType, input } = event.activityTaskScheduledEventAttributes ?? {};
  if (activityType?.name !== 'runTurn') return;
  const { prompt_id, session_id, turn } = (valueOf(input?.payloads) ?? {}) as Partial<RunTurnInput>;
  const prompt = state.queue.find((queued) => queued.prompt_id === prompt_id);
  if (!prompt || session_id === undefined || turn === undefined) return;
  if (state.running?.prompt.prompt_id === prompt_id) return;
  state.turns = Math.max(state.turns, turn);
  setRunning(state, { prompt, turn, session_id, started_at: timeOf(event) });
}

/** The queue has the running prompt first. The one before it keeps its place in the queue. */
function setRunning(state: TopicState, running: RunningPrompt | undefined): void {
  const over = running?.prompt.prompt_id ?? state.running?.prompt.prompt_id;
  const queue = state.queue.filter(({ prompt_id }) => prompt_id !== over);
  state.queue = running ? [running.prompt, ...queue] : queue;
  if (running) state.running = running;
  else delete state.running;
}

function prompted(state: TopicState, event: HistoryEvent, workflowId: string): void {
  const { acceptedRequest } = event.workflowExecutionUpdateAcceptedEventAttributes ?? {};
  const signal = event.workflowExecutionSignaledEventAttributes;
  const [name, payloads] = acceptedRequest
    ? [acceptedRequest.input?.name, acceptedRequest.input?.args?.payloads]
    : [signal?.signalName, signal?.input?.payloads];
  if (name !== 'prompt') return;
  const parsed = parsePrompt(valueOf(payloads));
  if ('problem' in parsed) return;
  const { wait: _, ...request } = parsed.request;
  const unnamed = acceptedRequest
    ? ['update', acceptedRequest.meta?.updateId ?? '']
    : ['signal', Number(event.eventId), workflowId];
  accept(state, request, timeOf(event), request.prompt_id ?? derivedId(unnamed, digestOf));
}
