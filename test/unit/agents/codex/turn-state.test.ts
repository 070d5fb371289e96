import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../../src/agents/codex/ids.js';
import { outcomeOf, saidIn, stepsOf } from '../../../../src/agents/codex/outcome.js';
import { parseRollout } from '../../../../src/agents/codex/rollout.js';
import { goesOn, isAttributable, turnStateOf } from '../../../../src/agents/codex/turn-state.js';
import type { SessionId } from '../../../../src/contract/ids.js';
import {
  aborted,
  announced,
  answered,
  asked,
  called,
  compacted,
  complete,
  context,
  counted,
  failed,
  recorded,
  said,
  started,
  whole,
} from './records.js';

const rolloutOf = (lines: string[]) => parseRollout(`${lines.join('\n')}\n`);
const stateOf = (lines: string[], key = 'cty_1') => turnStateOf(rolloutOf(lines), key);
const endOf = (lines: string[], key?: string) => outcomeOf(stateOf(lines, key), 's' as SessionId);
const open = [started('t1'), context('t1'), asked('t1', 'One'), recorded('t1', 'One', 'cty_1')];

describe('what became of a prompt', () => {
  test('a turn that is complete has its reply, model, steps and tokens', () => {
    const state = stateOf(whole('t1', 'One', 'cty_1', 'Done.'));
    expect(outcomeOf(state, 's' as SessionId)).toEqual({ status: 'completed' });
    expect(saidIn(state)).toEqual({
      reply: 'Done.',
      reply_parts: ['Done.'],
      context: { tokens: 205, at: '2026-11-28T14:39:59.000Z' },
      model: 'scripted',
      usage: { input_tokens: 190, cache_read_tokens: 10, cache_write_tokens: 0, output_tokens: 3, reasoning_tokens: 2 },
    });
    expect([state.text, state.superseded, stepsOf(state.turns)]).toEqual(['One', false, 2]);
  });

  test('an answer that a crash kept from ending the turn is no part of the reply, once the model answered again', () => {
    const cut = [...open, announced('t1', 'm1', 'Done.'), said('t1', 'm1', 'Done.'), counted('t1')];
    const lines = [...cut, started('t2'), announced('t2', 'm2', 'Done.'), said('t2', 'm2', 'Done.'), complete('t2')];
    expect(saidIn(stateOf(lines))).toMatchObject({ reply: 'Done.', reply_parts: ['Done.', 'Done.'] });
    const silent = [...cut, started('t2'), complete('t2')];
    expect(saidIn(stateOf(silent))).toMatchObject({ reply: 'Done.' });
  });

  test('what it compacts before it goes on, or before the next prompt, counts to the turn that it was for', () => {
    const first = [...open, compacted(), failed('t1', 'context_window_exceeded'), started('t2'), compacted()];
    const lines = [
      ...first,
      complete('t2'),
      started('t3'),
      compacted(),
      ...whole('t3', 'Two', 'cty_2', 'Other.').slice(1),
    ];
    expect(saidIn(stateOf(lines)).compacted).toBe(2);
    expect(saidIn(stateOf(lines, 'cty_2')).compacted).toBe(1);
    expect(saidIn(stateOf(open))).not.toHaveProperty('compacted');
  });

  test('at each record of a turn, and at each torn line, it is absent, open or ended, and ends only with its answer', () => {
    const lines = whole('t1', 'One', 'cty_1', 'Done.');
    for (let count = 0; count <= lines.length; count++) {
      const torn = (lines[count] ?? '').slice(0, 40);
      for (const content of [lines.slice(0, count), [...lines.slice(0, count), torn]]) {
        const state = stateOf(content);
        expect(state.present, String(count)).toBe(count >= 5);
        expect(state.end !== undefined, String(count)).toBe(count >= 11);
      }
    }
  });

  test('a turn of Codex without input goes on with the prompt before it, and counts to its turn', () => {
    const lines = [
      ...open,
      called('t1', 'c1'),
      counted('t1'),
      started('t2'),
      context('t2'),
      answered('t2', 'c1'),
      announced('t2', 'm', 'Done.'),
      said('t2', 'm', 'Done.'),
      counted('t2'),
      complete('t2'),
    ];
    const state = stateOf(lines);
    expect(endOf(lines)).toEqual({ status: 'completed' });
    expect(saidIn(state)).toMatchObject({ reply: 'Done.', usage: { input_tokens: 180, output_tokens: 6 } });
    expect(stateOf([...lines, ...whole('t3', 'Two', 'cty_2', 'Other.')])).toMatchObject({
      superseded: true,
      end: { how: 'completed' },
    });
    expect(saidIn(stateOf([...lines, ...whole('t3', 'Two', 'cty_2', 'Other.')])).reply).toBe('Done.');
  });

  test.each([
    ['a message without a count after it', [announced('t1', 'm', 'Hm.'), said('t1', 'm', 'Hm.')], false],
    [
      'a message that is marked as the final answer',
      [announced('t1', 'm', 'Hm.', 'final_answer'), said('t1', 'm', 'Hm.')],
      true,
    ],
    ['a message with its count', [announced('t1', 'm', 'Hm.'), said('t1', 'm', 'Hm.'), counted('t1')], true],
    ['a summary of the conversation, which is not announced', [said('t1', 'm', 'Summary.'), counted('t1')], false],
    [
      'a message with a call after it',
      [announced('t1', 'm', 'Hm.'), said('t1', 'm', 'Hm.'), called('t1', 'c'), counted('t1')],
      false,
    ],
    [
      'a message after a call without a result',
      [called('t1', 'c'), announced('t1', 'm', 'Hm.'), said('t1', 'm', 'Hm.'), counted('t1')],
      false,
    ],
  ])('%s: ended is %s', (_what, records, isEnded) => {
    expect(stateOf([...open, ...records]).end !== undefined).toBe(isEnded);
  });

  test('an abort is a cancelled turn, an error a failed one, and neither counts once Codex went on', () => {
    expect(endOf([...open, aborted('t1')])).toEqual({ status: 'cancelled' });
    const full = [...open, failed('t1', 'context_window_exceeded')];
    expect(endOf(full)).toMatchObject({ status: 'failed', error: { code: 'CONTEXT_OVERFLOW' } });
    expect(endOf([...full, started('t2')])).toBeUndefined();
    expect(endOf([...open, failed('t1', { http_connection_failed: { http_status_code: 401 } })])).toMatchObject({
      error: { code: 'AGENT_AUTH' },
    });
    expect(
      endOf([...open, failed('t1', { response_too_many_failed_attempts: { http_status_code: 429 } })]),
    ).toMatchObject({ error: { code: 'AGENT_RATE_LIMITED' } });
    expect(endOf([...open, failed('t1', { http_connection_failed: { http_status_code: 402 } })])).toMatchObject({
      error: { code: 'AGENT_RATE_LIMITED' },
    });
    expect(endOf([...open, failed('t1', { http_connection_failed: { http_status_code: 503 } })])).toMatchObject({
      error: { code: 'MODEL_FAILED', fix: expect.stringContaining('trouble of its own') },
    });
    expect(endOf([...open, failed('t1', 'other')])).toMatchObject({ error: { code: 'MODEL_FAILED' } });
    expect(endOf([...open, complete('t1')])).toMatchObject({ error: { code: 'EMPTY_REPLY' } });
  });
});

describe('a prompt that was stored without its id', () => {
  const stored = [...whole('t0', 'Before', 'cty_0', 'Yes.'), started('t1'), asked('t1', 'One')];

  test('is found by its text, where it was put in after the turn that was the last one then', () => {
    expect(turnStateOf(rolloutOf(stored), 'cty_1', { digest: digestOf('One'), after: 't0' })).toMatchObject({
      present: true,
      text: 'One',
    });
    expect(turnStateOf(rolloutOf(stored), 'cty_1')).toMatchObject({ present: false });
    expect(turnStateOf(rolloutOf(stored), 'cty_1', { digest: digestOf('Two'), after: 't0' })).toMatchObject({
      present: false,
    });
  });

  test('is not taken for a later prompt with the same text', () => {
    const later = [...stored, started('t2'), complete('t2')];
    expect(turnStateOf(rolloutOf(later), 'cty_2', { digest: digestOf('One'), after: 't2' })).toMatchObject({
      present: false,
    });
  });

  test('is not looked for among those that have one', () => {
    const lines = [...stored, recorded('t1', 'One', 'cty_of_another')];
    expect(turnStateOf(rolloutOf(lines), 'cty_1', { digest: digestOf('One'), after: 't0' })).toMatchObject({
      present: false,
    });
  });
});

describe('whose turn it is that runs', () => {
  const ended = whole('t0', 'Before', 'cty_0', 'Yes.');

  test.each([
    ['nothing of it is stored yet', ended, false, false],
    ['it has only begun', [...ended, started('t1')], false, false],
    ['its input has no id yet', [...ended, started('t1'), asked('t1', 'One')], false, false],
    ['its input is stored', [...ended, started('t1'), asked('t1', 'One'), recorded('t1', 'One', null)], true, true],
    ['it goes on with a turn that was cut off', [...open, started('t2')], false, true],
    ['it goes on, and has done something', [...open, started('t2'), called('t2', 'c')], true, true],
  ])('%s: it can be told is %s, it belongs to the last input is %s', (_what, lines, canBeTold, belongs) => {
    expect([isAttributable(rolloutOf(lines)), goesOn(rolloutOf(lines), false)]).toEqual([canBeTold, belongs]);
  });

  test('a turn that has failed is gone on with, one that has completed never is', () => {
    const limited = rolloutOf([...open, failed('t1', 'usage_limit_exceeded'), started('t2')]);
    expect([goesOn(limited, false), goesOn(limited, true)]).toEqual([false, true]);
    expect(goesOn(rolloutOf([...ended, started('t1')]), true)).toBe(false);
  });
});
