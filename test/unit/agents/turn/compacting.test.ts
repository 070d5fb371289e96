import { describe, expect, test } from 'vitest';
import { failure } from '../../../../src/contract/failures.js';
import { AgentError, type SessionRef } from '../../../../src/agents/agent.js';
import type { CompactionSight } from '../../../../src/agents/compaction.js';
import type { AgentDriver, PromptKey, Sight } from '../../../../src/agents/driver.js';
import { Compacting } from '../../../../src/agents/turn/compacting.js';

const usage = (input_tokens: number) => ({
  input_tokens,
  output_tokens: 0,
  reasoning_tokens: 0,
  cache_read_tokens: 0,
  cache_write_tokens: 0,
});
const FAILED = { is: 'failed', because: 'The provider refused.', usage: usage(5) } as const;

/** An agent that shows one sight after the other. Its notes outlive each attempt. */
function stage(...sights: CompactionSight[]) {
  const notes = new Map<string, string>();
  const did: string[] = [];
  const compaction = {
    mark: () => Promise.resolve(`mark ${did.length}`),
    start: () => (did.push('start'), Promise.resolve()),
    look: () => Promise.resolve(sights.length > 1 ? (sights.shift() ?? { is: 'absent' }) : sights[0]!),
  };
  const context = {
    driver: { compaction, abort: () => (did.push('abort'), Promise.resolve()) } as unknown as AgentDriver,
    notes: {
      add: (_: unknown, key: string, text = '') => (notes.set(key, text), Promise.resolve()),
      read: (_: unknown, key: string) => Promise.resolve(notes.get(key)),
    },
  };
  return { did, context, attempt: () => new Compacting(context, {} as SessionRef, 'k' as PromptKey) };
}
const absent = { prompt: 'absent', busy: false, said: () => ({ reply: '' }) } as Sight;
const saidIn = async (attempt: Compacting) => (await attempt.counted(absent)).said();

describe('a compaction before the prompt', () => {
  test('is nothing that keeps a prompt out if it was not decided, or the session has the prompt', async () => {
    const { attempt, did } = stage({ is: 'absent' });
    const compacting = attempt();
    expect(await compacting.step(absent, false)).toBeUndefined();
    await compacting.decided();
    expect(await compacting.step({ ...absent, prompt: 'present' }, false)).toBeUndefined();
    expect(did).toEqual([]);
  });

  test('is started once, waited for by each attempt, and counted', async () => {
    const { attempt, did } = stage({ is: 'running' }, { is: 'running' }, { is: 'done', usage: usage(7) });
    const first = attempt();
    await first.decided();
    await first.step(absent, false);
    await first.step(absent, false);
    expect(first.isRunning).toBe(true);
    const second = attempt();
    await second.step(absent, false);
    expect(second.isRunning).toBe(true);
    expect(await second.step(absent, false)).toBe(0);
    expect(await second.step(absent, false)).toBeUndefined();
    expect(did).toEqual(['start']);
    expect(await saidIn(attempt())).toMatchObject({ compacted: 1, usage: usage(7) });
  });

  test('that fails is tried twice, and what both have used is counted', async () => {
    const { attempt, did } = stage(FAILED);
    const compacting = attempt();
    await compacting.decided();
    for (let steps = 0; (await compacting.step(absent, false)) !== undefined; steps++) expect(steps).toBeLessThan(9);
    expect(did).toEqual(['start', 'start']);
    expect(await saidIn(compacting)).toMatchObject({ not_compacted: FAILED.because, usage: usage(10) });
  });

  test('the conversation goes on from where the first try began, also in the next attempt', async () => {
    const { attempt } = stage(FAILED);
    const first = attempt();
    await first.decided();
    expect(await first.from()).toBeUndefined();
    await first.step(absent, false);
    expect(await first.from()).toBe('mark 0');
    await first.step(absent, false);
    expect(await first.from()).toBe('mark 0');
    expect(await attempt().from()).toBe('mark 0');
  });

  test('that is not seen is waited for before it is started again', async () => {
    const { attempt, did } = stage({ is: 'absent' });
    const compacting = attempt();
    await compacting.decided();
    await compacting.step(absent, false);
    await compacting.step(absent, false);
    await compacting.step(absent, false);
    expect(did).toEqual(['start']);
  });

  test('waits until nobody else works in the session', async () => {
    const { attempt, did } = stage({ is: 'absent' });
    const compacting = attempt();
    await compacting.decided();
    expect(await compacting.step({ ...absent, busy: 'theirs' }, false)).toBeUndefined();
    expect(did).toEqual([]);
  });

  test('is stopped by a cancel, and not started after one', async () => {
    const { attempt, did } = stage({ is: 'running' }, { is: 'absent' });
    const compacting = attempt();
    await compacting.decided();
    expect(await compacting.step(absent, true)).toBeUndefined();
    await compacting.step(absent, false);
    await compacting.step(absent, true);
    expect(await compacting.step(absent, true)).toBeUndefined();
    expect(did).toEqual(['start', 'abort']);
  });

  test('that the agent refuses, or cannot do, keeps no prompt out', async () => {
    const { attempt, context } = stage({ is: 'absent' });
    const refuses = {
      ...context.driver.compaction!,
      start: () => Promise.reject(new AgentError(failure('CWD_MISSING', 'Gone.'), false)),
    };
    context.driver = { ...context.driver, compaction: refuses };
    const refused = attempt();
    await refused.decided();
    await refused.step(absent, false);
    expect(await refused.step(absent, false)).toBeUndefined();
    expect(await saidIn(refused)).toMatchObject({ not_compacted: 'Gone.' });
    const { compaction: _, ...cannot } = context.driver;
    const other = new Compacting({ ...context, driver: cannot }, {} as SessionRef, 'other' as PromptKey);
    await other.decided();
    expect(await other.step(absent, false)).toBe(0);
    expect(await saidIn(other)).toMatchObject({ not_compacted: 'this agent does not compact when it is asked to' });
  });
});
