/** Decides which notices a topic delivers, and writes them. Pure. */
import type { AskedChecks } from '../activities/types.js';
import type { Waiting } from '../contract/asks.js';
import { defined } from '../contract/defined.js';
import type { TopicId } from '../contract/ids.js';
import { fixedBytes, keepWithin } from '../contract/keep-within.js';
import { MAX_NOTICE_TEXT_BYTES, MAX_NOTICES, MAX_NOTICES_BYTES, MAX_NOTICES_OF_PROMPT } from '../contract/limits.js';
import type { Notice, NoticeEvent } from '../contract/notices.js';
import type { QueuedPrompt, RunningPrompt, TopicState } from '../contract/state.js';
import { cutToJsonBytes, digestOf } from '../contract/text.js';
import type { TurnResult } from '../contract/types.js';
import { sessionOf } from './session-state.js';

const MAX_PROBLEM_BYTES = 600;

/** The host must agree to run the command before the prompt is put in. */
export function askedNotifyOf(
  topic: TopicId,
  { prompt_id, request: { notify: run, notify_proof: proof } }: QueuedPrompt,
): { asked_notify?: AskedChecks } {
  if (run === undefined) return {};
  return { asked_notify: { topic, prompt_id, checks: [{ run }], ...defined({ proof }) } };
}

/** Notes that a prompt has an outcome. @returns whether there is a notice */
export function noteEnded(
  topic: TopicId,
  state: TopicState,
  prompt: QueuedPrompt,
  result: TurnResult,
  at: string,
): boolean {
  const { session_id, status, turn, goal, reply: whole, reply_truncated, error, duration_ms } = result;
  const reply = cutToJsonBytes(whole, MAX_NOTICE_TEXT_BYTES);
  return note(state, prompt, 'ended', {
    ...{ event: 'ended', topic, prompt_id: prompt.prompt_id, at, session_id, status, turn },
    ...defined({ goal }),
    reply,
    ...((reply_truncated || reply !== whole) && { reply_truncated: true as const }),
    ...(error && { error: { ...error, message: cutToJsonBytes(error.message, MAX_NOTICE_TEXT_BYTES) } }),
    duration_ms,
  });
}

/**
 * Notes that a turn waits: once for each ask, and once for each wait for something else, however often the
 * turn is tried again meanwhile. @returns whether there is a notice
 */
export function noteWaits(
  topic: TopicId,
  state: TopicState,
  running: RunningPrompt,
  waiting: Waiting,
  at: string,
): boolean {
  const { prompt, turn, session_id, noticed = [] } = running;
  const asks = waiting.for === 'answer';
  const one = asks ? `asks/${digestOf(waiting.ask.ask_id)}` : `silent/${running.parked_since}`;
  if (prompt.request.notify === undefined || noticed.includes(one) || noticed.length >= MAX_NOTICES_OF_PROMPT)
    return false;
  // The name uses a count, because a run that was reset has other times.
  const name = asks ? one : `silent/${noticed.filter((other) => other.startsWith('silent/')).length}`;
  running.noticed = [...noticed, one];
  return note(state, prompt, name, {
    ...{ topic, prompt_id: prompt.prompt_id, at, session_id, turn, until: waiting.until },
    ...(asks
      ? { event: 'asks', ask: waiting.ask }
      : { event: 'silent', waits_for: waiting.for, error: waiting.because }),
  });
}

function note(state: TopicState, { prompt_id, request }: QueuedPrompt, name: string, event: NoticeEvent): boolean {
  const { notify: run, notify_proof: proof, cwd = request.default_cwd } = request;
  if (run === undefined) return false;
  const candidates = [event.session_id, request.session_id, state.current];
  const session_id = candidates.find((id) => id && sessionOf(state, id)) ?? null;
  const place = session_id === null ? defined({ cwd }) : {};
  const notice = { prompt_id, name, run, ...defined({ proof }), session_id, ...place, event };
  state.notices = bounded(state, [...(state.notices ?? []), notice]);
  return true;
}

/** Drops the texts of the oldest notices first, then the oldest notices. The newest stays whole. */
function bounded(state: TopicState, notices: Notice[]): Notice[] {
  const last = notices.length - 1;
  let tooMuch = notices.reduce((sum, notice) => sum + fixedBytes(notice) + 1, 0) - MAX_NOTICES_BYTES;
  for (let at = 0; at < last && tooMuch > 0; at += 1) {
    const before = notices[at]!;
    const short = (notices[at] = withoutTexts(before));
    tooMuch -= fixedBytes(before) - fixedBytes(short);
  }
  const kept = [...notices];
  keepWithin(kept, MAX_NOTICES, MAX_NOTICES_BYTES);
  const dropped = notices.length - kept.length;
  if (dropped > 0) noteFailed(state, notices[dropped - 1]!, 'it was dropped, because too many notices wait', '');
  return kept;
}

function withoutTexts(notice: Notice): Notice {
  const { reply: _reply, error: _error, ask: _ask, goal: _goal, ...event } = notice.event;
  return { ...notice, event };
}

/** The notices of one host that are delivered next, oldest first. */
export function nextNotices(
  { notices = [] }: TopicState,
  hostOf: (notice: Notice) => string | undefined,
  most: number,
): Notice[] {
  const [first] = notices;
  if (!first) return [];
  const isOther = (one: Notice) =>
    one.session_id !== first.session_id || one.cwd !== first.cwd || hostOf(one) !== hostOf(first);
  const other = notices.findIndex(isOther);
  return notices.slice(0, Math.min(other < 0 ? notices.length : other, most));
}

export function noticesAreOver(state: TopicState, delivered: readonly Notice[]): void {
  const over = new Set(delivered.map(({ prompt_id, name }) => JSON.stringify([prompt_id, name])));
  const left = (state.notices ?? []).filter(({ prompt_id, name }) => !over.has(JSON.stringify([prompt_id, name])));
  if (left.length > 0) state.notices = left;
  else delete state.notices;
}

export function noteFailed(state: TopicState, { prompt_id, event }: Notice, problem: string, at: string): void {
  state.failed_notice = {
    prompt_id,
    event: event.event,
    problem: cutToJsonBytes(problem, MAX_PROBLEM_BYTES),
    at: at || event.at,
  };
}
