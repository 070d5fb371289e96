/** The judge of the chaos run finds what it is there to find: each breach is made on purpose. */
import { describe, expect, test } from 'vitest';
import type { TurnResult } from '../../../src/contract/types.js';
import { judge, type Evidence } from '../../chaos/judge.js';
import { deedsFor, excusedOn, type Deed } from '../../chaos/deeds.js';
import type { Entry, Fact } from '../../chaos/ledger.js';

const [a, b] = ['t0-c0-0', 't0-c0-1'];
let at = 0;
const fact = (label: string, of: Fact): Entry => ({ at: (at += 1), label, topic: 't0', ...of });
/** The second turn begins when the first one has ended. */
const startedAt = (label: string) => `2026-11-25T12:00:0${label.at(-1)}.000Z`;
const outcomeOf = (label: string, reply: string, kind: 'new' | 'resumed', session: string | null = 'ses_1'): Fact => ({
  what: 'outcome',
  outcome: {
    topic: 't0',
    prompt_id: label,
    session_id: session,
    session: { kind },
    status: 'completed',
    reply,
    agent: 'opencode',
    turn: 1,
    attempts: 1,
    started_at: startedAt(label),
    duration_ms: 1,
  } as TurnResult,
});
const failedOf = (label: string, code: string, message: string, more: Partial<TurnResult> = {}): Fact => {
  const status = code === 'CANCELLED' ? 'cancelled' : 'failed';
  const facts = outcomeOf(label, '', 'resumed') as Extract<Fact, { what: 'outcome' }>;
  return {
    what: 'outcome',
    outcome: {
      ...facts.outcome,
      status,
      error: { code, message, fix: '' } as TurnResult['error'],
      ...more,
    } as TurnResult,
  };
};
const CUT_OFF = 'The turn was cut off in session ses_1: the topic was ended from outside (TERMINATED).';
const first = outcomeOf(a, `You asked first: "${a}".`, 'new');
const second = outcomeOf(b, `You asked before: "${a}". Now: "${b}".`, 'resumed');

const wellKept = (): Evidence => ({
  ledger: [
    fact(a, { what: 'sending' }),
    fact(a, { what: 'accepted' }),
    fact(b, { what: 'sending' }),
    fact(a, first),
    fact(b, second),
  ],
  history: new Map([
    [
      't0',
      [
        { label: a, session: 'ses_1' },
        { label: b, session: 'ses_1' },
      ],
    ],
  ]),
  deeds: [],
  ends: new Map([['t0', ['CONTINUED_AS_NEW', 'RUNNING']]]),
  store: new Map([
    [
      'ses_1',
      [
        { label: a, texts: 1 },
        { label: b, texts: 1 },
      ],
    ],
  ]),
  openedFor: new Map(['ses_1', 'ses_2', 'ses_9'].map((session) => [session, 't0'])),
  asked: [[a], [a, b]],
  leavesEmptySessions: false,
  mayNotStart: false,
  spells: [],
  effects: new Map(),
  busy: [],
});

test('an agent that chooses the ids of its sessions may leave one that is empty, and none with a prompt', () => {
  const evidence = { ...wellKept(), leavesEmptySessions: true };
  evidence.store.set('ses_9', []);
  expect(judge(evidence)).toEqual([]);
  evidence.store.set('ses_9', [{ label: a, texts: 1 }]);
  expect(judge(evidence).map(({ promise }) => promise)).toContain(5);
});

test('only where the agent may fail to start, a prompt may fail before it has a session', () => {
  const crashed = (session_id: string | null): Evidence => {
    const kept = wellKept();
    kept.ledger.splice(
      3,
      1,
      fact(a, failedOf(a, 'AGENT_CRASHED', 'Ended as it started.', { session_id: session_id as never })),
    );
    kept.store.set('ses_1', [{ label: b, texts: 1 }]);
    return { ...kept, mayNotStart: true };
  };
  const byClient = (evidence: Evidence) => judge(evidence).filter(({ what }) => what.includes('AGENT_CRASHED'));
  expect(byClient(crashed(null))).toEqual([]);
  expect(byClient(crashed('ses_1'))).toHaveLength(1);
  expect(byClient({ ...crashed(null), mayNotStart: false })).toHaveLength(1);
});

test('a prompt that was stopped before it was stored may have reached the model', () => {
  const evidence = { ...wellKept(), asked: [[a], [a, b]] };
  evidence.store.get('ses_1')?.pop();
  const byModel = () => judge(evidence).filter(({ side }) => side === 'model');
  expect(byModel()).toHaveLength(1);
  evidence.ledger.splice(-1, 1, fact(b, failedOf(b, 'OUTCOME_UNKNOWN', CUT_OFF)));
  expect(byModel()).toEqual([]);
});

test('what was kept has no breach', () => expect(judge(wellKept())).toEqual([]));

describe('it finds', () => {
  test.each<[string, number, (evidence: Evidence) => void]>([
    ['a prompt without an outcome', 1, ({ ledger }) => void ledger.pop()],
    [
      'an error that no caller should see',
      1,
      ({ ledger }) => void ledger.push(fact(b, { what: 'error', message: 'INTERNAL' })),
    ],
    ['a topic that does not come to rest', 1, ({ busy }) => void busy.push('t0')],
    ['an outcome that is not in the session', 1, ({ store }) => void store.get('ses_1')?.pop()],
    ['two outcomes of one prompt', 2, ({ ledger }) => void ledger.push(fact(b, outcomeOf(b, 'another', 'resumed')))],
    [
      'a prompt that stands twice in the session',
      2,
      ({ store }) => void store.get('ses_1')?.push({ label: b, texts: 1 }),
    ],
    ['a message with two texts', 2, ({ store }) => void store.get('ses_1')?.splice(1, 1, { label: b, texts: 2 })],
    ['two turns for one prompt', 2, ({ history }) => void history.get('t0')?.push({ label: b, session: 'ses_1' })],
    [
      'prompts out of the order of their acceptance',
      3,
      ({ store, history }) => void [store.get('ses_1')?.reverse(), history.get('t0')?.reverse()],
    ],
    ['a model that was asked twice', 3, ({ asked }) => void asked.push([a, b, b])],
    [
      'a reply that does not know what was before',
      3,
      ({ ledger }) => void ledger.splice(-1, 1, fact(b, outcomeOf(b, `You asked first: "${b}".`, 'resumed'))),
    ],
    [
      'a prompt that nobody cancelled',
      1,
      ({ ledger }) => void ledger.splice(-1, 1, fact(b, failedOf(b, 'CANCELLED', 'The turn was cancelled.'))),
    ],
    [
      'a turn that nobody cut off',
      1,
      ({ ledger }) => void ledger.splice(-1, 1, fact(b, failedOf(b, 'OUTCOME_UNKNOWN', CUT_OFF))),
    ],
    [
      'a failure that no kill explains',
      1,
      ({ ledger }) => void ledger.splice(-1, 1, fact(b, failedOf(b, 'INTERNAL', 'A defect.'))),
    ],
    ['a run that the server terminated', 1, ({ ends }) => void ends.set('t0', ['TERMINATED', 'RUNNING'])],
    ['a run that failed', 1, ({ ends }) => void ends.set('t0', ['FAILED'])],
    ['a topic that closed by itself', 1, ({ ends }) => void ends.set('t0', ['COMPLETED'])],
    [
      'a prompt without a session',
      4,
      ({ ledger }) =>
        void ledger.splice(-1, 1, fact(b, outcomeOf(b, `You asked before: "${a}". Now: "${b}".`, 'resumed', null))),
    ],
    [
      'a topic that was opened twice',
      5,
      ({ ledger }) => void ledger.splice(-1, 1, fact(b, outcomeOf(b, `You asked before: "${a}". Now: "${b}".`, 'new'))),
    ],
    [
      'a second session of a topic',
      5,
      ({ ledger }) => void ledger.splice(-1, 1, fact(b, outcomeOf(b, `You asked first: "${b}".`, 'new', 'ses_2'))),
    ],
    ['a session that nobody knows', 5, ({ store }) => void store.set('ses_9', [])],
  ])('%s', (_, promise, spoil) => {
    const evidence = wellKept();
    spoil(evidence);
    expect(judge(evidence).map((breach) => breach.promise)).toContain(promise);
  });
});

const operated = (...deeds: Deed[]): Evidence => ({
  ...wellKept(),
  deeds: deeds.map((deed) => ({ at: 1, topic: 't0', deed })),
});
const put = ({ ledger }: Evidence, entry: Entry) => void ledger.splice(-1, 1, entry);

const RESETS: Deed[] = ['reset to first', 'reset to last', 'reset to any'];
/**
 * What may come of each deed: excused with it, a breach with every deed that has no such
 * consequence.
 */
describe.each<[string, Deed[], (evidence: Evidence) => void]>([
  [
    'a cancelled turn',
    ['cancel', 'request cancellation', 'terminate'],
    (evidence) => put(evidence, fact(b, failedOf(b, 'CANCELLED', 'The turn was cancelled.'))),
  ],
  [
    'a turn that was cut off',
    ['terminate'],
    (evidence) => put(evidence, fact(b, failedOf(b, 'OUTCOME_UNKNOWN', CUT_OFF))),
  ],
  ['a run that was closed', ['request cancellation'], ({ ends }) => void ends.set('t0', ['COMPLETED', 'RUNNING'])],
  ['a run that was terminated', ['terminate'], ({ ends }) => void ends.set('t0', ['TERMINATED', 'RUNNING'])],
  [
    'a turn that was harvested again',
    [...RESETS],
    ({ history }) => void history.get('t0')?.push({ label: b, session: 'ses_1' }),
  ],
  [
    'messages that were handed in again, signals first',
    [...RESETS],
    ({ history }) => void history.get('t0')?.reverse(),
  ],
  [
    'another account of the same outcome',
    [...RESETS],
    ({ ledger }) =>
      void ledger.push(
        fact(b, { ...second, outcome: { ...(second as { outcome: TurnResult }).outcome, attempts: 2 } } as Fact),
      ),
  ],
  [
    'a prompt in the session whose turn was cut off',
    ['cancel', 'request cancellation', 'terminate', ...RESETS],
    ({ history }) => void history.get('t0')?.pop(),
  ],
  [
    'a message that the agent did not store to its end',
    ['cancel', 'request cancellation', 'terminate'],
    ({ store }) => void store.get('ses_1')?.push({ label: '', texts: 0 }),
  ],
  [
    'a session that was opened in vain',
    ['cancel', 'request cancellation', 'terminate', ...RESETS],
    ({ store }) => void store.set('ses_9', []),
  ],
])('%s', (_, excusing, happen) => {
  const others = deedsFor(0).filter((deed) => !excusing.includes(deed));
  test.each(excusing)('may come of: %s', (deed) => {
    const evidence = operated(deed);
    happen(evidence);
    expect(judge(evidence)).toEqual([]);
  });
  test('is a breach without such a deed', () => {
    const evidence = operated(...others);
    happen(evidence);
    expect(judge(evidence)).not.toEqual([]);
  });
  test('is a breach on another topic', () => {
    const evidence = operated(...excusing);
    for (const done of evidence.deeds) done.topic = 't1';
    happen(evidence);
    expect(judge(evidence)).not.toEqual([]);
  });
});

describe('no deed excuses', () => {
  test.each<[string, number, (evidence: Evidence) => void]>([
    ['a prompt without an outcome', 1, ({ ledger }) => void ledger.pop()],
    ['a run that failed', 1, ({ ends }) => void ends.set('t0', ['FAILED', 'RUNNING'])],
    [
      'another reply under the same id',
      2,
      ({ ledger }) => void ledger.push(fact(b, outcomeOf(b, 'another', 'resumed'))),
    ],
    [
      'a prompt that stands twice in the session',
      2,
      ({ store }) => void store.get('ses_1')?.push({ label: b, texts: 1 }),
    ],
    [
      'a reply that does not know what was before',
      3,
      (evidence) => put(evidence, fact(b, outcomeOf(b, `You asked first: "${b}".`, 'resumed'))),
    ],
    ['a model that was asked in another order', 3, ({ asked }) => void asked.push([b, a])],
    [
      'a prompt without a session once the topic has one',
      4,
      (evidence) => put(evidence, fact(b, failedOf(b, 'OUTCOME_UNKNOWN', CUT_OFF, { session_id: null }))),
    ],
    ['a second session with messages', 5, ({ store }) => void store.set('ses_9', [{ label: b, texts: 1 }])],
  ])('%s', (_, promise, spoil) => {
    const evidence = operated(...deedsFor(0));
    spoil(evidence);
    expect(judge(evidence).map((breach) => breach.promise)).toContain(promise);
  });
});

test('a prompt whose topic was ended before its first session was open has none', () => {
  const evidence = operated('terminate');
  evidence.ledger = [
    fact(a, { what: 'sending' }),
    fact(a, failedOf(a, 'OUTCOME_UNKNOWN', CUT_OFF, { session_id: null })),
    fact(b, { what: 'sending' }),
    fact(b, outcomeOf(b, `You asked first: "${b}".`, 'new')),
  ];
  evidence.history = new Map([['t0', [{ label: b, session: 'ses_1' }]]]);
  evidence.store = new Map([['ses_1', [{ label: b, texts: 1 }]]]);
  evidence.asked = [[b]];
  expect(judge(evidence)).toEqual([]);
});

test('a topic that a worker reset, because it could not be replayed, has turns that are harvested again', () => {
  const evidence = wellKept();
  evidence.history.get('t0')?.push({ label: b, session: 'ses_1' });
  evidence.ends.set('t0', ['RESET', 'RUNNING']);
  expect(judge(evidence)).toEqual([]);
});

test('a pause excuses nothing', () =>
  expect(excusedOn('t0', [{ at: 1, topic: 't0', deed: 'pause' }])).toEqual(new Set()));

describe('turns that wait', () => {
  const loggedOut = (label: string) => failedOf(label, 'AGENT_AUTH', 'Not logged in.');
  const login = { trouble: 'login' as const, from: Date.parse(startedAt(a)) };
  const asked = (decision: 'allow' | 'deny') =>
    ({ asks: [{ kind: 'permission', text: 'x', decision, by: 'person' }] }) as Partial<TurnResult>;
  const refused = (queued: boolean): Evidence => ({
    ...wellKept(),
    spells: [login],
    // The second one is accepted before the first has ended, or long after.
    ledger: [
      ...[a, b].map((label) => fact(label, { what: 'sending' })),
      fact(a, { what: 'accepted' }),
      { ...fact(b, { what: 'accepted' }), at: queued ? 1 : Date.now() },
      fact(a, loggedOut(a)),
      fact(b, loggedOut(b)),
    ],
  });
  const said = (evidence: Evidence) => judge(evidence).map(({ what }) => what);

  test('a login that does not count may fail the prompt at hand, and none that waits behind it', () => {
    expect(said(refused(false)).join('\n')).not.toMatch(/burnt|failed/);
    expect(said(refused(true))).toContain(`${b} was burnt behind ${a}`);
  });

  test('nobody is logged out without a login that does not count', () => {
    expect(said({ ...refused(false), spells: [] }).join('\n')).toMatch(/AGENT_AUTH/);
  });

  test('a tool that was denied has not run', () => {
    const evidence = (decision: 'allow' | 'deny'): Evidence => {
      const kept = wellKept();
      kept.effects.set(a, 1);
      const first = kept.ledger.find(({ what, label }) => what === 'outcome' && label === a) as Entry & {
        outcome: TurnResult;
      };
      Object.assign(first.outcome, asked(decision));
      return kept;
    };
    expect(said(evidence('deny'))).toEqual([`${a} was denied, and its tool ran`]);
    expect(said(evidence('allow'))).toEqual([]);
  });
});
