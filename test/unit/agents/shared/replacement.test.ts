import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { Unreachable } from '../../../../src/agents/driver.js';
import { Replacement, type Replaceable } from '../../../../src/agents/shared/replacement.js';

function stage(given: Partial<Replaceable> = {}) {
  let isOld = true;
  const server = {
    title: 'The server',
    whyReplace: vi.fn(() => Promise.resolve(isOld ? 'it is old' : undefined)),
    isBusy: vi.fn(() => Promise.resolve(false)),
    replace: vi.fn(async () => {
      await turnOfTheLoop();
      isOld = false;
      return true;
    }),
    log: vi.fn(),
    ...given,
  };
  return { server, replacement: new Replacement(server) };
}

describe('a server that should not go on as it is', () => {
  test('is replaced before a prompt is put in, and the prompt is looked for again', async () => {
    const { server, replacement } = stage();
    await expect(replacement.enter('a')).rejects.toBeInstanceOf(Unreachable);
    expect(server.replace).toHaveBeenCalledOnce();
    await replacement.enter('a');
    expect(server.replace).toHaveBeenCalledOnce();
  });

  test('is kept while a turn works in it that nobody here follows', async () => {
    const { server, replacement } = stage({ isBusy: () => Promise.resolve(true) });
    await replacement.enter('a');
    expect(server.replace).not.toHaveBeenCalled();
  });

  test('is kept while another prompt that was put in here is followed, and replaced after the last one', async () => {
    let isBusy = true;
    const { server, replacement } = stage({ isBusy: () => Promise.resolve(isBusy) });
    await replacement.enter('a');
    await replacement.enter('b');
    isBusy = false; // Codex stores a prompt some milliseconds after it has taken it.
    replacement.leave('a');
    await replacement.enter('c');
    replacement.leave('b');
    await turnOfTheLoop();
    expect(server.replace).not.toHaveBeenCalled();
    replacement.leave('c');
    await vi.waitFor(() => expect(server.replace).toHaveBeenCalledOnce());
  });

  test('is replaced once for many prompts that come in at the same moment', async () => {
    const { server, replacement } = stage();
    const keys = ['a', 'b', 'c', 'd'];
    const entered = await Promise.allSettled(keys.map((key) => replacement.enter(key)));
    expect(entered.map(({ status }) => status)).toEqual(keys.map(() => 'rejected'));
    await Promise.all(keys.map((key) => replacement.enter(key)));
    expect(server.replace).toHaveBeenCalledOnce();
  });

  test('for what it has become in its turns is replaced after them, and not before one', async () => {
    const whyReplace = () => Promise.resolve(undefined);
    const { server, replacement } = stage({ whyReplace, whyRecycle: () => Promise.resolve('it is large') });
    await replacement.enter('a');
    expect(server.replace).not.toHaveBeenCalled();
    replacement.leave('a');
    await vi.waitFor(() => expect(server.replace).toHaveBeenCalledOnce());
    await replacement.enter('b');
  });

  test('is kept where no other can be started, and takes the prompt', async () => {
    const { server, replacement } = stage({ replace: vi.fn(() => Promise.resolve(false)) });
    await replacement.enter('a');
    expect(server.replace).toHaveBeenCalledOnce();
  });

  test('that cannot be replaced is said so, and goes on', async () => {
    const { server, replacement } = stage({ replace: () => Promise.reject(new Error('no program')) });
    replacement.whenIdle();
    await vi.waitFor(() =>
      expect(server.log).toHaveBeenCalledWith('The server could not be replaced.', expect.anything()),
    );
  });
});
