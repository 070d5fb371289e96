import { describe, expect, test } from 'vitest';
import { decide, type Deed, type Seen } from '../../../../src/agents/turn/decide.js';

const absent: Seen['sight'] = { prompt: 'absent', superseded: false, busy: false, steps: 0 };
const cut: Seen['sight'] = { ...absent, prompt: 'present', steps: 1 };
const ended: Seen['sight'] = { ...cut, end: { status: 'completed' } };
const overtaken: Seen['sight'] = { ...cut, superseded: true };
const long: Seen['sight'] = { ...cut, steps: 11 };
const seen: Omit<Seen, 'sight'> = {
  settled: true,
  cancelled: false,
  noted: false,
  puts: 0,
  gaveUp: false,
  maxPuts: 4,
  maxSteps: 10,
  capabilities: { promptIds: true, repeatablePut: true },
};
const repeats = { capabilities: { promptIds: true, repeatablePut: false } };
const blind = { capabilities: { promptIds: false, repeatablePut: false } };

describe('what is seen → what is done', () => {
  test.each<[string, Partial<Seen> & { sight: Seen['sight'] }, Deed]>([
    ['ended and idle: report it', { sight: ended }, 'harvest'],
    ['ended, but something is still at work: wait', { sight: { ...ended, busy: 'this' } }, 'wait'],
    [
      'ended before a later prompt that runs: report it',
      { sight: { ...ended, superseded: true, busy: 'theirs' } },
      'harvest',
    ],
    ['absent and idle: put it in', { sight: absent, settled: false }, 'put'],
    [
      'absent after it was put in: it may be stored in a moment',
      { sight: absent, puts: 1, settled: false },
      'look_again',
    ],
    ['absent still: put it in again, under the same key', { sight: absent, puts: 1 }, 'put'],
    ['absent, a turn of ours that was given up runs: stop it', { sight: { ...absent, busy: 'ours' } }, 'abort'],
    ["absent, a person's turn runs: wait", { sight: { ...absent, busy: 'theirs' } }, 'wait'],
    ['running: wait', { sight: { ...cut, busy: 'this' } }, 'wait'],
    ['running for too many steps: stop it', { sight: { ...long, busy: 'this' } }, 'abort'],
    ['too many steps and idle: do not go on', { sight: long }, 'report_stuck'],
    ['cut off, seen once: look again', { sight: cut, settled: false }, 'look_again'],
    ['cut off, seen twice: go on', { sight: cut }, 'go_on'],
    ['cut off and gone on with four times: give up', { sight: cut, puts: 4 }, 'report_stuck'],
    ['cut off and the agent said why: give up', { sight: cut, puts: 1, gaveUp: true }, 'report_stuck'],
    ['overtaken: never put it in again', { sight: overtaken }, 'report_unknown'],
    ['overtaken, and the later one runs: wait', { sight: { ...overtaken, busy: 'theirs' } }, 'wait'],
    ['cancelled and running: stop it', { sight: { ...cut, busy: 'this' }, cancelled: true }, 'abort'],
    ['cancelled and cut off: never resume', { sight: cut, cancelled: true }, 'report_cancelled'],
    ['cancelled and absent: never put in', { sight: absent, cancelled: true }, 'report_cancelled'],
    [
      'cancelled, seen once: look again, it may be stored in a moment',
      { sight: absent, cancelled: true, settled: false },
      'look_again',
    ],
    [
      "cancelled and overtaken by a person's turn that runs: leave that alone",
      { sight: { ...overtaken, busy: 'theirs' }, cancelled: true },
      'report_cancelled',
    ],
    [
      "cancelled while it waited for a person's turn: don't wait for that",
      { sight: { ...absent, busy: 'theirs' }, cancelled: true },
      'report_cancelled',
    ],
    [
      "cancelled, put in a moment ago, and a person's turn comes first: it may still be stored behind that",
      { sight: { ...absent, busy: 'theirs' }, cancelled: true, puts: 1 },
      'wait',
    ],
    [
      'the same, when an attempt before this one may have put it in',
      { sight: { ...absent, busy: 'theirs' }, cancelled: true, noted: true, ...repeats },
      'wait',
    ],
    [
      'cancelled, perhaps put in, and a turn of ours works that the agent cannot tell: stop it',
      { sight: { ...absent, busy: 'ours' }, cancelled: true, noted: true, ...blind },
      'abort',
    ],
    ['cancelled and ended: cancelled', { sight: ended, cancelled: true }, 'report_cancelled'],
    [
      'a put that can do harm twice, and no note of one: put it in',
      { sight: absent, settled: false, ...repeats },
      'put',
    ],
    [
      'a put that can do harm twice, and a note: a dead attempt may be storing it',
      { sight: absent, noted: true, settled: false, ...repeats },
      'look_again',
    ],
    [
      'a put that can do harm twice, noted, and absent for long: it never arrived',
      { sight: absent, noted: true, ...repeats },
      'put',
    ],
    ['an agent without prompt ids, and no note: put it in', { sight: absent, settled: false, ...blind }, 'put'],
    [
      'an agent without prompt ids, and a note: it can never be known',
      { sight: absent, noted: true, ...blind },
      'report_unknown',
    ],
    [
      'an agent without prompt ids whose turn was cut off: it can never be gone on with',
      { sight: cut, ...blind },
      'report_unknown',
    ],
  ])('%s', (_, given, deed) => {
    expect(decide({ ...seen, ...given })).toBe(deed);
  });
});
