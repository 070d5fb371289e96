import { describe, expect, test } from 'vitest';
import type { PromptKey } from '../../../../src/agents/driver.js';
import type { SessionId } from '../../../../src/contract/ids.js';
import { compactionSince } from '../../../../src/agents/opencode/compaction.js';
import { turnStateOf } from '../../../../src/agents/opencode/turn-state.js';
import { sightOf } from '../../../../src/agents/opencode/read-session.js';
import { unfinishedIn } from '../../../../src/agents/opencode/unfinished.js';
import { answer, compaction, text, user } from './messages.js';

const KEY = 'msg_cty1';
const onRequest = { ...compaction(), auto: false } as ReturnType<typeof compaction>;
const turn = [user(KEY, text('Do it')), answer(KEY, { id: 'msg_2', finish: 'stop' }, text('Done.'))];
const asked = [...turn, user('msg_3', onRequest)];
const cut = [...asked, answer('msg_3', { id: 'msg_4', summary: true, finish: undefined as never })];
const done = [...asked, answer('msg_3', { id: 'msg_4', summary: true, finish: 'stop' }, text('So far.'))];
const error = { name: 'MessageAbortedError' as const, data: { message: 'Aborted' } };
const stopped = [...asked, answer('msg_3', { id: 'msg_4', summary: true, error, finish: undefined as never })];
const since = (messages: typeof turn, isIdle = true, mark = 'msg_2') =>
  compactionSince(messages, mark, isIdle, { session_id: 'ses_1' as SessionId }).is;

describe('a compaction on request', () => {
  test('is what the session has after the mark', () => {
    expect([since(turn), since(turn, false), since(asked, false), since(cut)]).toEqual([
      'absent',
      'running',
      'running',
      'absent',
    ]);
    expect([since(done), since(stopped), since(done, true, 'msg_4'), since(done, true, 'msg_9')]).toEqual([
      'done',
      'failed',
      'absent',
      'absent',
    ]);
    expect(since([...turn, user('msg_3', text('A person asks'))], false)).toBe('absent');
  });

  test('is no part of the turn before it', () => {
    for (const messages of [asked, cut, done, stopped])
      expect(turnStateOf(messages, KEY)).toMatchObject({ ended: true, superseded: false, answering: KEY });
  });

  test('that was cut off is removed before the next prompt, one that ended is not', () => {
    expect([unfinishedIn(cut), unfinishedIn(stopped)]).toEqual([
      ['msg_4', 'msg_3'],
      ['msg_4', 'msg_3'],
    ]);
    expect([unfinishedIn(done), unfinishedIn(turn)]).toEqual([[], []]);
  });

  test('is theirs as long as it may run, unless it is known for ours', () => {
    const moved = Date.now();
    const busy = (messages: typeof turn, idle: boolean, compactsAfter?: string, at = moved) =>
      sightOf(
        {
          ...{ idle, status: { type: idle ? 'idle' : 'busy' } },
          messages: messages.map(({ info, parts }) => ({ info: { ...info, time: { created: at } } as never, parts })),
          ...(compactsAfter !== undefined && { compactsAfter }),
        },
        'ses_1' as SessionId,
        'msg_cty9' as PromptKey,
      ).busy;
    for (const messages of [asked, cut]) {
      expect([busy(messages, false), busy(messages, true), busy(messages, true, 'msg_4')]).toEqual(
        Array(3).fill('theirs'),
      );
      expect([busy(messages, true, 'msg_2'), busy(messages, true, undefined, moved - 121_000)]).toEqual([false, false]);
    }
    expect([busy(stopped, true), busy(done, true), busy(turn, true)]).toEqual([false, false, false]);
    const auto = [...turn, user('msg_3', compaction())];
    expect([busy(auto, true), busy(auto, false)]).toEqual([false, 'ours']);
    expect(busy([...cut, user('msg_cty5', text('And this'))], false)).toBe('ours');
  });
});
