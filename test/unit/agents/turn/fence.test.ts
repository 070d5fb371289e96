/** Promise 3: one writer per session in a process. */
import { expect, test } from 'vitest';
import { AgentError } from '../../../../src/agents/agent.js';
import { Fence } from '../../../../src/agents/turn/fence.js';
import type { SessionId } from '../../../../src/contract/ids.js';

const session = 'ses_1' as SessionId;

/** An attempt that works until it is detached, and then takes until `settle` to end. */
function attemptAt(fence: Fence, log: string[], name: string) {
  const detach = new AbortController();
  let settle = () => {};
  const settled = new Promise<void>((resolve) => (settle = resolve));
  const done = fence.alone(session, detach.signal, async (signal) => {
    log.push(`${name} begins`);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    await settled;
    log.push(`${name} settled`);
    signal.throwIfAborted();
  });
  done.catch(() => undefined);
  return { done, settle, detach };
}

test('a later attempt begins only once all before it are settled, also one that never began', async () => {
  const fence = new Fence();
  const log: string[] = [];
  const first = attemptAt(fence, log, 'first');
  await expect.poll(() => log).toEqual(['first begins']);
  const second = attemptAt(fence, log, 'second');
  const third = attemptAt(fence, log, 'third');
  // Long enough for every promise that is not waiting for the first attempt.
  await new Promise((resolve) => setImmediate(resolve));
  expect(log).toEqual(['first begins']);
  first.settle();
  await expect(first.done).rejects.toBeInstanceOf(AgentError);
  await expect(second.done).rejects.toBeInstanceOf(AgentError);
  await expect.poll(() => log).toEqual(['first begins', 'first settled', 'third begins']);
  third.settle();
  third.detach.abort(new Error('over'));
  await expect(third.done).rejects.toThrow('over');
});

test('other sessions are not in each other’s way', async () => {
  const fence = new Fence();
  const first = attemptAt(fence, [], 'first');
  await expect(fence.alone('ses_2', new AbortController().signal, () => Promise.resolve('done'))).resolves.toBe('done');
  first.settle();
  first.detach.abort(new Error('over'));
  await expect(first.done).rejects.toThrow('over');
});

test('a later attempt ends a stop that is under way, and begins only once it has settled', async () => {
  const fence = new Fence();
  const log: string[] = [];
  let settle = () => {};
  const stopping = fence.beside(session, new AbortController().signal, async (signal) => {
    await new Promise<void>((resolve) => (settle = resolve));
    log.push(signal.aborted ? 'the stop was ended' : 'the stop went on');
  });
  const later = attemptAt(fence, log, 'later');
  await new Promise((resolve) => setImmediate(resolve));
  expect(log).toEqual([]);
  settle();
  await stopping;
  await expect.poll(() => log).toEqual(['the stop was ended', 'later begins']);
  later.settle();
  later.detach.abort(new Error('over'));
  await expect(later.done).rejects.toThrow('over');
});

test('a stop beside an attempt does not end it', async () => {
  const fence = new Fence();
  const log: string[] = [];
  const attempt = attemptAt(fence, log, 'attempt');
  await expect.poll(() => log).toEqual(['attempt begins']);
  await fence.beside(session, new AbortController().signal, () => Promise.resolve());
  attempt.settle();
  attempt.detach.abort(new Error('over'));
  await expect(attempt.done).rejects.toThrow('over');
});
