/** What callers do to a turn that waits: answer what it asks, or try it again. */
import type { AnswerTaken, Retried } from '../contract/asks.js';
import type { Failure } from '../contract/failures.js';
import { parseAnswer, refusalOfAnswer } from '../contract/parse-answer.js';
import type { RunningPrompt } from '../contract/state.js';
import { refused } from './refused.js';
import type { Topic } from './topic.js';
import { answered, askOf, nothingAsked } from './waiting.js';

/** @throws ApplicationFailure INVALID_ANSWER, ASK_UNKNOWN */
export function takeAnswer(topic: Pick<Topic, 'id' | 'running'>, payload: unknown): AnswerTaken {
  const taken = taking(topic, payload);
  if ('problem' in taken) throw refused(taken.problem);
  return taken;
}

/** Its sender gets no answer, so a refusal is noted. */
export function takeAnswerSignal(topic: Pick<Topic, 'id' | 'running' | 'noteRefused'>, payload: unknown): void {
  const taken = taking(topic, payload);
  if ('problem' in taken) topic.noteRefused(taken.problem);
}

function taking({ id, running }: Pick<Topic, 'id' | 'running'>, payload: unknown): AnswerTaken | { problem: Failure } {
  const parsed = parseAnswer(payload);
  if ('problem' in parsed) return parsed;
  const { ask_id: _, ...answer } = parsed.request;
  const ask = running && askOf(running);
  if (!running || !ask) return { problem: nothingAsked(id) };
  const problem = refusalOfAnswer(ask, parsed.request);
  if (problem) return { problem };
  answered(running, { ask, answer, by: 'person' });
  return {
    ask_id: ask.ask_id,
    decision: answer.decision,
    ...((ask.kind === 'budget' || ask.kind === 'cold') && { kind: ask.kind }),
  };
}

/** A turn that waits for a person has nothing to try again. */
export function retryNow(running: RunningPrompt | undefined): Retried {
  if (!running?.waiting || running.waiting.for === 'answer') return { effect: 'nothing_waits' };
  delete running.waiting;
  return { effect: 'retrying' };
}
