/** The pure state of a topic: any interleaving of what can happen keeps promises 1, 3 and 7. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { utf8Length } from '../../../src/contract/text.js';
import type { PromptId, SessionId, TopicId } from '../../../src/contract/ids.js';
import * as limits from '../../../src/contract/limits.js';
import type { TopicState } from '../../../src/contract/state.js';
import type { Pinned, PromptRequest, TurnResult } from '../../../src/contract/types.js';
import { PINNED_FIELDS } from '../../../src/workflows/pinned.js';
import * as transitions from '../../../src/workflows/session-state.js';
import {
  addSession,
  cancelQueued,
  isKnown,
  newTopicState,
  noteRefused,
  outcomeOf,
  recordOutcome,
  refusalOfId,
  takeNext,
} from '../../../src/workflows/session-state.js';

const topic = 'T' as TopicId;
const now = '2026-01-01T00:00:00.000Z';
const id = (name: string) => name as PromptId;
const pinned: Pinned = { agent: 'opencode', category: 'quick', project: '/p', cwd: '/p', host: 'h', store: '/s' };

function accept(state: TopicState, request: PromptRequest): void {
  transitions.accept(state, request, now, request.prompt_id ?? id('unnamed'));
}

function refusalOf(state: TopicState, request: PromptRequest, via: 'update' | 'signal') {
  const { prompt_id: promptId } = request;
  return transitions.refusalOf(state, request, {
    topic,
    via,
    isFull: transitions.isFull,
    fixed: PINNED_FIELDS,
    ...(promptId !== undefined && { promptId }),
  });
}

function resultOf(
  promptId: PromptId,
  turn: number,
  reply = 'done',
  status: TurnResult['status'] = 'completed',
): TurnResult {
  return {
    topic,
    prompt_id: promptId,
    session_id: 'ses_1' as SessionId,
    session: { kind: 'resumed' },
    status,
    reply,
    agent: 'opencode',
    turn,
    attempts: 1,
    started_at: now,
    duration_ms: 1,
  };
}

function withSession(state = newTopicState(), session = 'ses_1'): TopicState {
  addSession(state, { session_id: session as SessionId, pinned, turns: 0, opened_at: now });
  return state;
}

type Step =
  | { do: 'accept'; id: number; text: string; bytes: number }
  | { do: 'begin' }
  | { do: 'end'; reply: number }
  | { do: 'cancel'; id: number }
  | { do: 'roll' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('accept' as const),
      id: fc.nat(60),
      text: fc.constantFrom('a', 'b'),
      bytes: fc.constantFrom(1, 300, 60_000),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ do: 'begin' as const }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('end' as const), reply: fc.constantFrom(0, 100, 5000, 250_000) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), id: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'roll' as const }) },
);

describe('promises 1, 3 and 7: any interleaving of accepting, ending, cancelling and rolling over', () => {
  test('keeps every accepted prompt until it has ended, once, in order, within the bounds', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        let state = withSession();
        const waiting: PromptId[] = [];
        let running: { id: PromptId; turn: number } | undefined;
        const begun: PromptId[] = [];
        const accepted = new Map<PromptId, string>();
        const ended = new Map<PromptId, number>();
        const end = (promptId: PromptId) => ended.set(promptId, (ended.get(promptId) ?? 0) + 1);
        for (const action of steps) {
          if (action.do === 'accept') {
            const request = { prompt: action.text.repeat(action.bytes), prompt_id: id(`p${action.id}`) };
            const refusal = refusalOf(state, request, 'update');
            const before = accepted.get(request.prompt_id);
            if (before !== undefined)
              expect(refusal?.code).toBe(before === request.prompt ? undefined : 'PROMPT_ID_REUSED');
            if (refusal) continue;
            accept(state, request);
            if (before === undefined) {
              accepted.set(request.prompt_id, request.prompt);
              waiting.push(request.prompt_id);
            }
          } else if (action.do === 'begin' && !running) {
            const next = takeNext(state);
            expect(next?.prompt_id).toBe(waiting.shift());
            if (next) {
              running = { id: next.prompt_id, turn: state.turns };
              begun.push(next.prompt_id);
            }
          } else if (action.do === 'end' && running) {
            recordOutcome(state, resultOf(running.id, running.turn, 'r'.repeat(action.reply)));
            end(running.id);
            running = undefined;
          } else if (action.do === 'cancel') {
            const promptId = id(`p${action.id}`);
            const effect = cancelQueued(state, promptId, (queued) => resultOf(queued.prompt_id, 0, '', 'cancelled'));
            const index = waiting.indexOf(promptId);
            expect(effect === 'removed').toBe(index >= 0);
            if (index >= 0) end(...(waiting.splice(index, 1) as [PromptId]));
          } else if (action.do === 'roll' && !running) {
            state = JSON.parse(JSON.stringify(state)) as TopicState;
          }
          expect(state.queue.map((queued) => queued.prompt_id)).toEqual(waiting);
          expect(state.ids.length).toBeLessThanOrEqual(limits.MAX_REMEMBERED_IDS);
          expect(utf8Length(JSON.stringify(state.outcomes))).toBeLessThanOrEqual(limits.MAX_REMEMBERED_BYTES + 1000);
          expect(utf8Length(JSON.stringify(state))).toBeLessThan(2 * 1024 * 1024);
        }
        for (const promptId of accepted.keys()) {
          const places =
            Number(waiting.includes(promptId)) + Number(running?.id === promptId) + (ended.get(promptId) ?? 0);
          expect(places).toBe(1);
        }
        expect(new Set(begun).size).toBe(begun.length);
      }),
      { numRuns: 60 },
    );
  });
});

describe('bounds', () => {
  test('a queue of 200 prompts, or of 640 KiB, takes no more', () => {
    const state = newTopicState();
    for (let i = 0; i < limits.MAX_QUEUED_PROMPTS; i += 1) accept(state, { prompt: 'x', prompt_id: id(`p${i}`) });
    expect(refusalOf(state, { prompt: 'x', prompt_id: id('more') }, 'update')?.code).toBe('QUEUE_FULL');
    const heavy = newTopicState();
    const prompt = 'x'.repeat(limits.MAX_PROMPT_BYTES);
    for (let i = 0; i < limits.MAX_QUEUED_BYTES / limits.MAX_PROMPT_BYTES; i += 1)
      accept(heavy, { prompt, prompt_id: id(`p${i}`) });
    expect(refusalOf(heavy, { prompt: 'x' }, 'signal')?.code).toBe('QUEUE_FULL');
  });

  test('what comes along with a prompt counts, too', () => {
    const state = newTopicState();
    const request = { prompt: 'x', checks: Array.from({ length: 10 }, () => ({ run: 'é'.repeat(1000) })) };
    for (let i = 0; i < limits.MAX_QUEUED_BYTES / 20_500; i += 1) accept(state, { ...request, prompt_id: id(`p${i}`) });
    expect(refusalOf(state, request, 'update')?.code).toBe('QUEUE_FULL');
    expect(refusalOf(state, request, 'signal')?.code).toBe('QUEUE_FULL');
  });

  test('the outcomes of a whole full queue are remembered, and old large replies are cut and say so', () => {
    const state = withSession();
    for (let turn = 1; turn <= 200; turn += 1) recordOutcome(state, resultOf(id(`p${turn}`), turn, 'short'));
    expect(outcomeOf(state, id('p1'))?.reply).toBe('short');
    recordOutcome(state, resultOf(id('big1'), 201, 'é'.repeat(100_000)));
    recordOutcome(state, resultOf(id('big2'), 202, 'x'.repeat(60_000)));
    expect(outcomeOf(state, id('big2'))?.reply).toHaveLength(60_000);
    expect(outcomeOf(state, id('big1'))).toMatchObject({ reply: 'é'.repeat(2048), reply_truncated: true });
  });

  test('the newest outcome is whole, however large, and leaves the others alone', () => {
    const state = withSession();
    for (let turn = 1; turn <= 50; turn += 1) recordOutcome(state, resultOf(id(`p${turn}`), turn, 'short'));
    recordOutcome(state, resultOf(id('huge'), 51, 'x'.repeat(250_000)));
    expect(outcomeOf(state, id('huge'))?.reply).toHaveLength(250_000);
    expect(outcomeOf(state, id('p1'))?.reply).toBe('short');
  });

  test('the id of a refused prompt is remembered as long as one that was accepted', () => {
    const state = newTopicState();
    for (let i = 0; i < 2000; i += 1)
      noteRefused(state, { code: 'QUEUE_FULL', message: 'full', fix: '' }, id(`r${i}`), now);
    expect(refusalOfId(state, id('r0'))?.code).toBe('QUEUE_FULL');
    expect(state.refused_total).toBe(2000);
    accept(state, { prompt: 'x', prompt_id: id('r0') });
    expect([refusalOfId(state, id('r0')), isKnown(state, id('r0'))]).toEqual([undefined, true]);
  });

  test('2000 prompt ids and 20 sessions are remembered', () => {
    const state = newTopicState();
    for (let i = 0; i < 2001; i += 1) {
      accept(state, { prompt: 'x', prompt_id: id(`p${i}`) });
      takeNext(state);
    }
    expect([isKnown(state, id('p0')), isKnown(state, id('p1'))]).toEqual([false, true]);
    for (let i = 0; i < 21; i += 1) withSession(state, `ses_${i}`);
    expect(state.sessions.map((session) => session.session_id)).not.toContain('ses_0');
    for (let i = 0; i < 50; i += 1)
      noteRefused(state, { code: 'INVALID_PROMPT', message: '', fix: '' }, undefined, now);
    expect(state.refused).toHaveLength(limits.MAX_REFUSED);
  });
});

test('a topic belongs to the project of its first session, not of a prompt that opened none', () => {
  const state = newTopicState();
  accept(state, { prompt: 'x', prompt_id: id('p'), project: '/elsewhere' });
  expect(state.project).toBeUndefined();
  expect(withSession(state).project).toBe('/p');
});

test('a session that was lost is no longer so once a turn in it completes', () => {
  const state = withSession();
  const lost = () => state.sessions.map((session) => session.lost);
  for (const session of state.sessions) session.lost = 'lost';
  recordOutcome(state, resultOf(id('p1'), 1, '', 'failed'));
  expect(lost()).toEqual(['lost']);
  recordOutcome(state, resultOf(id('p2'), 2));
  expect(lost()).toEqual([undefined]);
});

describe('refusals', () => {
  test.each<[string, Partial<PromptRequest>]>([
    ['another text', { prompt: 'y' }],
    ['a session', { session_id: 'ses_1' as SessionId }],
    ['checks', { checks: [{ run: 'true' }] }],
    ['another directory', { cwd: '/elsewhere' }],
    ['another model', { model: 'a/b' }],
    ['a new session', { session: 'new' }],
  ])('the same id with %s is another request', (_, said) => {
    const state = withSession();
    accept(state, { prompt: 'x', prompt_id: id('used') });
    expect(refusalOf(state, { prompt: 'x', prompt_id: id('used'), ...said }, 'signal')?.code).toBe('PROMPT_ID_REUSED');
    expect(
      refusalOf(state, { prompt: 'x', prompt_id: id('used'), default_cwd: '/q', wait: false, when: 'next' }, 'update'),
    ).toBeUndefined();
  });

  test.each<[Partial<PromptRequest>]>([[{ skills: ['b', 'a', 'a'] }], [{ cwd: '/p/' }], [{ cwd: '/p/./' }]])(
    '%o is what the session has pinned',
    (said) => {
      const state = newTopicState();
      addSession(state, {
        session_id: 'ses_1' as SessionId,
        pinned: { ...pinned, skills: ['a', 'b'] },
        turns: 0,
        opened_at: now,
      });
      expect(refusalOf(state, { prompt: 'x', session_id: 'ses_1' as SessionId, ...said }, 'update')).toBeUndefined();
    },
  );

  test('a closing topic refuses new updates, takes signals, and still attaches a known id', () => {
    const state = withSession();
    accept(state, { prompt: 'x', prompt_id: id('known') });
    state.closing = true;
    expect(refusalOf(state, { prompt: 'new' }, 'update')?.code).toBe('TOPIC_CLOSED');
    expect(refusalOf(state, { prompt: 'new' }, 'signal')).toBeUndefined();
    expect(refusalOf(state, { prompt: 'x', prompt_id: id('known') }, 'update')).toBeUndefined();
  });

  test.each([
    [{ agent: 'other' }, 'SESSION_PINNED'],
    [{ category: 'deep' }, 'SESSION_PINNED'],
    [{ model: 'a/b' }, 'SESSION_PINNED'],
    [{ skills: ['x'] }, 'SESSION_PINNED'],
    [{ cwd: '/elsewhere' }, 'SESSION_PINNED'],
    [{ agent: 'opencode', category: 'quick', cwd: '/p' }, undefined],
    [{ default_cwd: '/elsewhere', project: '/elsewhere' }, undefined],
  ])('a session id with %o: %s', (said, code) => {
    expect(refusalOf(withSession(), { prompt: 'x', session_id: 'ses_1' as SessionId, ...said }, 'update')?.code).toBe(
      code,
    );
  });

  test('a topic of another project refuses, and a prompt that names no project is taken', () => {
    const state = withSession();
    expect(refusalOf(state, { prompt: 'x', project: '/other' }, 'update')?.message).toContain('/other');
    expect(refusalOf(state, { prompt: 'x', project: '/p' }, 'update')).toBeUndefined();
    expect(refusalOf(state, { prompt: 'x' }, 'update')).toBeUndefined();
  });
});
