/**
 * One tool call, as the code behind the tool sees it. The client may disconnect, and may ask for
 * progress.
 */
import type { ServerContext } from '@modelcontextprotocol/server';
import type { SessionManager } from '../client/session-manager.js';
import { waitingWords } from '../client/waiting-words.js';
import { doingOf, type Progress } from '../client/watch-progress.js';
import type { Waiting } from '../contract/asks.js';
import type { HandedOver } from './handed-over.js';
import type { Person } from './person.js';
import type { Pushes } from './pushes.js';

export interface Call {
  /** @throws SessionError TEMPORAL_UNAVAILABLE, ConfigInvalid; the next call tries again */
  using: <T>(work: (manager: SessionManager) => Promise<T>) => Promise<T>;
  handedOver: HandedOver;
  pushes: Pushes;
  /** How long to wait when the call does not say it. */
  waitSeconds: number;
  /** Aborted when the client no longer wants the answer. */
  signal: AbortSignal;
  /** Absent when the client cannot ask its person. */
  person?: Person;
  /** Absent when the client did not ask for progress. */
  report?: (elapsedSeconds: number, doing: string) => void;
}

export interface CallHooks {
  signal: AbortSignal;
  onProgress?: (progress: Progress) => void;
  onWaiting?: (waiting: Waiting | undefined) => void;
}

/** Reports progress only to a client that sent a progress token. */
export function reportTo({ mcpReq }: ServerContext): Pick<Call, 'report'> {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return {};
  return {
    report(progress, message) {
      const told = mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, message } });
      told.catch(() => undefined); // The client has disconnected.
    },
  };
}

/**
 * Waits until `deadline`, a time of `performance.now()`. Then `wait` is stopped, and not the work that
 * it waits for.
 * @returns undefined when the work had not ended by then
 * @throws the client's reason when the client stopped waiting
 */
export async function waited<T>(
  call: Call,
  deadline: number,
  wait: (waiting: CallHooks) => Promise<T>,
): Promise<T | undefined> {
  const stop = new AbortController();
  const leave = () => stop.abort();
  const stopped = new Promise<undefined>((resolve) =>
    stop.signal.addEventListener('abort', () => resolve(undefined), { once: true }),
  );
  const timer = setTimeout(leave, Math.max(0, deadline - performance.now()));
  const progress = reporting(call);
  call.signal.addEventListener('abort', leave, { once: true });
  try {
    call.signal.throwIfAborted();
    const waiting = wait({ signal: stop.signal, ...progress.told });
    waiting.catch(() => undefined); // It rejects when it is stopped, and the race is over by then.
    const ended = await Promise.race([waiting, stopped]);
    call.signal.throwIfAborted();
    return ended;
  } finally {
    clearTimeout(timer);
    leave();
    progress.end();
    call.signal.removeEventListener('abort', leave);
  }
}

const REPORT_EVERY_MS = 1000;

/** Reports every second what `doing` says, until it is ended. Some clients give up a call without progress. */
export function reportEvery({ report }: Call, doing: () => string): { end: () => void } {
  if (!report) return { end: () => undefined };
  const since = performance.now();
  const timer = setInterval(() => report(Math.round(performance.now() - since) / 1000, doing()), REPORT_EVERY_MS);
  return { end: () => clearInterval(timer) };
}

/** Reports even before there is progress. */
function reporting(call: Call): { told: Omit<CallHooks, 'signal'>; end: () => void } {
  let latest: Progress | undefined;
  let waits: Waiting | undefined;
  const { end } = reportEvery(call, () => (waits ? waitingWords(waits) : doingOf(latest)));
  if (!call.report) return { told: {}, end };
  return {
    told: { onProgress: (progress) => (latest = progress), onWaiting: (waiting) => (waits = waiting) },
    end,
  };
}

/** When the call has to be answered, on the clock of `performance.now()`. */
export function deadlineOf(wait_seconds: number | undefined, { waitSeconds }: Call): number {
  return performance.now() + 1000 * (wait_seconds ?? waitSeconds);
}
