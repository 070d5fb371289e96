/** One call of a tool, as the work behind it sees the client: it may go away, and may want to hear what is being done. */
import type { ServerContext } from '@modelcontextprotocol/server';
import type { SessionManager } from '../client/session-manager.js';
import { doingOf, type Progress } from '../client/watch-progress.js';

export interface Call {
  /** @throws SessionError TEMPORAL_UNAVAILABLE, ConfigInvalid; the next call tries again */
  using: <T>(work: (manager: SessionManager) => Promise<T>) => Promise<T>;
  /** How long to wait where the call does not say it. */
  waitSeconds: number;
  /** The client no longer wants the answer. */
  signal: AbortSignal;
  /** Left out where the client did not ask for it. */
  report?: (elapsedSeconds: number, doing: string) => void;
}

export interface Waiting {
  signal: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

/** Only a client that sent a token is told of progress. */
export function reportTo({ mcpReq }: ServerContext): Pick<Call, 'report'> {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return {};
  return {
    report(progress, message) {
      const told = mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, message } });
      told.catch(() => undefined); // The client has gone: nobody to tell.
    },
  };
}

/**
 * Waits until `deadline`, on the clock of `performance.now()`. What is waited for goes on.
 * @returns nothing when it had not ended by then
 * @throws the client's reason when it stopped waiting
 */
export async function waited<T>(call: Call, deadline: number, wait: (waiting: Waiting) => Promise<T>): Promise<T | undefined> {
  const stop = new AbortController();
  const leave = () => stop.abort();
  const stopped = new Promise<undefined>((resolve) => stop.signal.addEventListener('abort', () => resolve(undefined), { once: true }));
  const timer = setTimeout(leave, Math.max(0, deadline - performance.now()));
  const progress = reporting(call);
  call.signal.addEventListener('abort', leave, { once: true });
  try {
    call.signal.throwIfAborted();
    const waiting = wait({ signal: stop.signal, ...progress.told });
    waiting.catch(() => undefined); // It was stopped: the race is over.
    const ended = await Promise.race([waiting, stopped]);
    call.signal.throwIfAborted();
    return ended;
  } finally {
    clearTimeout(timer);
    progress.end();
    call.signal.removeEventListener('abort', leave);
  }
}

const REPORT_EVERY_MS = 1000;

/** Also while nothing is known yet: some clients give a call up when they hear nothing. */
function reporting({ report }: Call): { told: Pick<Waiting, 'onProgress'>; end: () => void } {
  if (!report) return { told: {}, end: () => undefined };
  const since = performance.now();
  let latest: Progress | undefined;
  const timer = setInterval(() => report(Math.round(performance.now() - since) / 1000, doingOf(latest)), REPORT_EVERY_MS);
  return { told: { onProgress: (progress) => (latest = progress) }, end: () => clearInterval(timer) };
}
