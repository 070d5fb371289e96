/**
 * A signal that aborts when one of `signals` does, and at the latest after `ms`. It does not keep
 * the process alive.
 *
 * `AbortSignal.any([signal, AbortSignal.timeout(ms)])` does not do that. Nothing but `any` holds the
 * timeout, and `any` holds it weakly: the garbage collector may take it, and then it never comes
 * (Node 20.20).
 */
export function deadline(ms: number, ...signals: AbortSignal[]): AbortSignal {
  const over = new AbortController();
  setTimeout(() => over.abort(new DOMException(`Not done within ${ms} ms`, 'TimeoutError')), ms).unref();
  return AbortSignal.any([...signals, over.signal]);
}
