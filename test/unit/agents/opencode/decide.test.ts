import { describe, expect, test } from 'vitest';
import { decide, type Deed, type Seen } from '../../../../src/agents/opencode/decide.js';
import type { TurnState } from '../../../../src/agents/opencode/turn-state.js';
import { answer } from './messages.js';
import type { StoredAnswer } from '../../../../src/agents/opencode/turn-state.js';

const absent: TurnState = { promptMessage: 'p', present: false, ended: false, superseded: false, answering: 'p', answeringText: false, answers: [] };
const cut: TurnState = { ...absent, present: true, answeringText: true };
const ended: TurnState = { ...cut, ended: true };
const overtaken: TurnState = { ...cut, superseded: true };
const compacted: TurnState = { ...cut, answering: 'c' };
const long: TurnState = { ...cut, answers: Array.from({ length: 11 }, () => answer('p', {}) as StoredAnswer) };
const idle: Omit<Seen, 'turn'> = { idle: true, runs: 'this', elsewhere: false, unchanged: true, cancelled: false, posts: 0, refused: false, maxSteps: 10 };
const busy = { idle: false, unchanged: false };

describe('what is seen → what is done', () => {
  test.each<[string, Partial<Seen> & { turn: TurnState }, Deed]>([
    ['ended and idle: report it', { turn: ended }, 'harvest'],
    ['ended, but somebody is still at work: wait', { turn: ended, ...busy }, 'wait'],
    ['ended before a later prompt that runs: report it', { turn: { ...ended, superseded: true }, ...busy, runs: 'theirs' }, 'harvest'],
    ['absent and idle: put it in', { turn: absent, unchanged: false, runs: 'theirs' }, 'post_prompt'],
    ['absent after we posted it: it may be stored in a moment', { turn: absent, posts: 1, unchanged: false }, 'look_again'],
    ['absent still: post it again, under the same id', { turn: absent, posts: 1 }, 'post_prompt'],
    ['absent, a turn of ours that was given up runs: stop it', { turn: absent, ...busy, runs: 'ours' }, 'abort'],
    ["absent, a person's turn runs: wait", { turn: absent, ...busy, runs: 'theirs' }, 'wait'],
    ["absent, and a person's turn may run in another server: wait", { turn: absent, runs: 'theirs', elsewhere: true }, 'wait'],
    ['running: wait', { turn: cut, ...busy }, 'wait'],
    ['running for too many steps: stop it', { turn: long, ...busy }, 'abort'],
    ['too many steps and idle: do not go on', { turn: long }, 'report_stuck'],
    ['cut off, seen once: look again', { turn: cut, unchanged: false }, 'look_again'],
    ['cut off, seen twice: go on', { turn: cut }, 'post_prompt'],
    ["cut off after a compaction: go on from OpenCode's own message", { turn: compacted }, 'post_continuation'],
    ['cut off and posted four times: give up', { turn: cut, posts: 4 }, 'report_stuck'],
    ['cut off and the server said why: give up', { turn: cut, posts: 1, refused: true }, 'report_stuck'],
    ['overtaken: never post it again', { turn: overtaken }, 'report_unknown'],
    ['overtaken, and the later one runs: wait', { turn: overtaken, ...busy, runs: 'theirs' }, 'wait'],
    ['cancelled and running: stop it', { turn: cut, cancelled: true, ...busy }, 'abort'],
    ['cancelled and cut off: never resume', { turn: cut, cancelled: true }, 'report_cancelled'],
    ['cancelled and absent: never put in', { turn: absent, cancelled: true }, 'report_cancelled'],
    ['cancelled, seen once: look again, it may be stored in a moment', { turn: absent, cancelled: true, unchanged: false }, 'look_again'],
    ["cancelled and overtaken by a person's turn that runs: leave that alone", { turn: overtaken, cancelled: true, ...busy, runs: 'theirs' }, 'report_cancelled'],
    ["cancelled while it waited for a person's turn: don't wait for that", { turn: absent, cancelled: true, ...busy, runs: 'theirs' }, 'report_cancelled'],
    ['cancelled and ended: cancelled', { turn: ended, cancelled: true }, 'report_cancelled'],
  ])('%s', (_, seen, deed) => {
    expect(decide({ ...idle, ...seen })).toBe(deed);
  });
});
