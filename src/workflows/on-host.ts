/**
 * Runs work that only one host can do. While that host does not answer, the topic is shown as
 * waiting for it.
 */
import * as wf from '@temporalio/workflow';
import { failure } from '../contract/failures.js';
import { hostQueueOf } from '../contract/messages.js';
import * as calls from './calls.js';
import { now } from './time.js';
import type { Work } from './turn.js';

/**
 * How long a topic waits for a host by default. It covers a closed laptop overnight and a long
 * week-end.
 */
const HOST_IS_WAITED_FOR_MS = 4 * 24 * 60 * 60 * 1000;

/**
 * Runs `deed` on the host. When the host does not take it in time, waits for the host and tries
 * again.
 *
 * @throws HOST_UNAVAILABLE when the host has not answered for the whole time
 */
export async function onHost<T>(
  work: Work,
  host: string,
  deed: (where: Required<calls.Where>) => Promise<T>,
): Promise<T> {
  const { topic, turn, scope } = work;
  const { features, state } = topic;
  const taskQueue = hostQueueOf(host);
  for (;;) {
    try {
      const done = await scope.run(() => deed({ taskQueue, scheduleToStartTimeout: calls.HOST_ANSWERS_WITHIN }));
      if (state.away) delete state.away[host];
      return done;
    } catch (error) {
      if (!calls.neverTaken(error)) throw error;
    }
    turn.waiting_for_host = host;
    topic.announce();
    topic.show();
    const left = features.current ? timeLeft(work, host) : HOST_IS_WAITED_FOR_MS;
    const asks = features.has('hostsAreAsked');
    try {
      if (!asks) return await scope.run(() => deed({ taskQueue, scheduleToStartTimeout: left }));
      if (left <= 0) throw unavailable(work, host);
      await scope.run(() => calls.answer(host, left));
    } catch (error) {
      throw calls.neverTaken(error) ? unavailable(work, host) : error;
    } finally {
      delete turn.waiting_for_host;
    }
    if (state.away) delete state.away[host];
    topic.announce();
    topic.show();
  }
}

/**
 * All prompts for a host share one wait, so a second prompt does not wait for another four days.
 */
function timeLeft({ topic: { state } }: Work, host: string): number {
  const since = ((state.away ??= {})[host] ??= now());
  return (
    timeoutOf(state.sessions.findLast(({ pinned }) => pinned.host === host)?.pinned.host_timeout_ms) -
    (Date.parse(now()) - Date.parse(since))
  );
}

function timeoutOf(configured: unknown): number {
  return typeof configured === 'number' && configured > 0 ? configured : HOST_IS_WAITED_FOR_MS;
}

function unavailable({ topic: { state }, turn }: Work, host: string): wf.ApplicationFailure {
  const ms = timeoutOf(state.sessions.findLast(({ pinned }) => pinned.host === host)?.pinned.host_timeout_ms);
  const hours = Math.round(ms / 360_000) / 10;
  const problem = failure(
    'HOST_UNAVAILABLE',
    `Host ${host}, which has the session, has not answered for ${hours} hours and did not take turn ${turn.turn}.`,
  );
  return wf.ApplicationFailure.create({ type: problem.code, message: problem.message, details: [problem] });
}
