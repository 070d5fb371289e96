import { describe, expect, test } from 'vitest';
import {
  fingerprintOf,
  lastPromptOf,
  lastWorkedOnAt,
  turnStateOf,
} from '../../../../src/agents/opencode/turn-state.js';
import { answer, compaction, cutOff, text, tool, user } from './messages.js';

const P = 'msg_cty_p';
const aborted = { name: 'MessageAbortedError' as const, data: { message: 'Aborted' } };
const overflow = { name: 'ContextOverflowError' as const, data: { message: 'full' } };
const prompt = user(P, text('Add login'));
const stop = { finish: 'stop' };
const calls = { finish: 'tool-calls' };

describe('a turn has ended', () => {
  test.each([
    ['with a text', [answer(P, stop, text('Done.'))]],
    [
      'with a text, although a kill came before the time of its end was noted',
      [cutOff(P, text('Do')), answer(P, { ...stop, time: { created: 1 } }, text('Done.'))],
    ],
    ['with nothing at all', [answer(P, stop)]],
    ['after tools', [answer(P, calls, tool('completed')), answer(P, stop, text('Done.'))]],
    ['at the length limit', [answer(P, { finish: 'length' }, text('Do'))]],
    [
      'with an error of the provider',
      [answer(P, { error: { name: 'APIError', data: { message: 'no', isRetryable: false } } })],
    ],
    [
      'by an abort in a tool',
      [answer(P, { error: aborted, finish: 'tool-calls' }, tool('error', { interrupted: true }))],
    ],
    [
      'although it was interrupted before',
      [cutOff(P, tool('error', { interrupted: true })), answer(P, stop, text('Done.'))],
    ],
    ['with a structured answer', [answer(P, { finish: 'tool-calls', structured: { ok: true } })]],
    [
      'after a compaction of OpenCode itself',
      [
        answer(P, calls, tool('completed')),
        user('c', compaction()),
        answer('c', { ...stop, summary: true }, text('So far')),
        user('s', text('Continue', { synthetic: true })),
        answer('s', stop, text('Done.')),
      ],
    ],
    [
      'with a compaction that failed',
      [cutOff(P), user('c', compaction(true)), answer('c', { summary: true, error: overflow, finish: 'error' })],
    ],
    [
      'after an overflow, with the answer to the copy of its prompt',
      [
        answer(P, {}),
        user('c', compaction(true)),
        answer('c', { ...stop, summary: true }),
        user('copy', text('Add login')),
        answer('copy', stop, text('Done.')),
      ],
    ],
  ])('%s', (_, turn) => {
    expect(turnStateOf([prompt, ...turn], P)).toMatchObject({ present: true, ended: true, superseded: false });
  });
});

describe('a turn has not ended', () => {
  test.each([
    ['before the first step', []],
    ['in a step that is written, or was cut off', [cutOff(P, text('Do'))]],
    ['between a tool and the next step', [answer(P, calls, tool('completed'))]],
    ['while a tool runs', [cutOff(P, tool('running'))]],
    ['when it says stop but a tool is open', [answer(P, stop, tool('completed'))]],
    ['with a finish that OpenCode does not know', [answer(P, { finish: 'unknown' }, text('x'))]],
    ['without a finish: an abort while the provider was asked again', [answer(P, {})]],
    [
      'right after a summary',
      [answer(P, calls, tool('completed')), user('c', compaction()), answer('c', { ...stop, summary: true })],
    ],
    [
      'while the copy of its prompt has no answer',
      [
        answer(P, {}),
        user('c', compaction(true)),
        answer('c', { ...stop, summary: true }),
        user('copy', text('Add login')),
      ],
    ],
  ])('%s', (_, turn) => {
    expect(turnStateOf([prompt, ...turn], P)).toMatchObject({ present: true, ended: false, superseded: false });
  });
});

test('a prompt that is not there is absent, whatever else is', () => {
  expect(turnStateOf([user('msg_other', text('x')), answer('msg_other', stop)], P)).toMatchObject({
    present: false,
    ended: false,
  });
});

test('the text of a prompt is what was asked, without what OpenCode adds; one that a kill left without parts has none yet', () => {
  expect(turnStateOf([user(P, text('Add login'), text('You are in plan mode.', { synthetic: true }))], P).text).toBe(
    'Add login',
  );
  expect(turnStateOf([user(P)], P)).toMatchObject({ present: true });
  expect(turnStateOf([user(P)], P).text).toBeUndefined();
});

test('a later prompt bounds the turn, and its answer is not ours', () => {
  const messages = [prompt, cutOff(P), user('msg_later', text('Never mind')), answer('msg_later', stop, text('Fine.'))];
  const turn = turnStateOf(messages, P);
  expect(turn).toMatchObject({ ended: false, superseded: true });
  expect(turn.answers).toHaveLength(1);
  expect(lastPromptOf(messages)).toBe('msg_later');
});

test('the same words typed by a person are a prompt, not a copy', () => {
  expect(turnStateOf([prompt, answer(P, stop), user('msg_person', text('Add login'))], P)).toMatchObject({
    ended: true,
    superseded: true,
  });
  const afterCompaction = [
    prompt,
    answer(P, stop),
    user('c', compaction()),
    answer('c', { ...stop, summary: true }),
    user('msg_person', text('Add login')),
  ];
  expect(turnStateOf(afterCompaction, P).superseded).toBe(true);
});

test('a prompt whose text a kill left out is a prompt all the same', () => {
  expect(lastPromptOf([user('a', text('x')), user(P)])).toBe(P);
  expect(turnStateOf([user(P)], P)).toMatchObject({ present: true, answering: P, answeringText: false });
});

test('the message to continue from is the one that OpenCode put in last', () => {
  const turn = [prompt, answer(P, calls, tool('completed')), user('c', compaction()), cutOff('c')];
  expect(turnStateOf(turn, P)).toMatchObject({ answering: 'c', answeringText: true });
  expect(lastPromptOf(turn)).toBe(P);
});

test('the fingerprint changes with every step, part and tool', () => {
  const states = [
    [],
    [cutOff(P)],
    [cutOff(P, tool('running'))],
    [cutOff(P, tool('running'), tool('pending'))],
    [answer(P, stop)],
  ];
  const prints = states.map((turn) => fingerprintOf(turnStateOf([prompt, ...turn], P)));
  expect(new Set(prints).size).toBe(prints.length);
});

test('a turn that ended is not worked on; one that did not was last when its last part moved', () => {
  expect(lastWorkedOnAt([])).toBe(0);
  expect(lastWorkedOnAt([prompt, answer(P, stop)])).toBe(0);
  expect(lastWorkedOnAt([prompt])).toBe(1);
  expect(lastWorkedOnAt([prompt, cutOff(P, tool('completed'))])).toBe(2);
});
