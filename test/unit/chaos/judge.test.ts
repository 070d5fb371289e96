/** The judge of the chaos run finds what it is there to find: each breach is made on purpose. */
import { describe, expect, test } from 'vitest';
import type { TurnResult } from '../../../src/contract/types.js';
import { judge, type Evidence } from '../../chaos/judge.js';
import type { Entry, Fact } from '../../chaos/ledger.js';

const [a, b] = ['t0-c0-0', 't0-c0-1'];
let at = 0;
const fact = (label: string, of: Fact): Entry => ({ at: (at += 1), label, topic: 't0', ...of });
const outcomeOf = (label: string, reply: string, kind: 'new' | 'resumed', session = 'ses_1'): Fact => ({
  what: 'outcome',
  outcome: { topic: 't0', prompt_id: label, session_id: session, session: { kind }, status: 'completed', reply, agent: 'opencode', turn: 1, attempts: 1, started_at: '', duration_ms: 1 } as TurnResult,
});
const first = outcomeOf(a, `You asked first: "${a}".`, 'new');
const second = outcomeOf(b, `You asked before: "${a}". Now: "${b}".`, 'resumed');

const wellKept = (): Evidence => ({
  ledger: [fact(a, { what: 'sending' }), fact(a, { what: 'accepted' }), fact(b, { what: 'sending' }), fact(a, first), fact(b, second)],
  history: new Map([['t0', [{ label: a, session: 'ses_1' }, { label: b, session: 'ses_1' }]]]),
  store: new Map([['ses_1', [{ label: a, texts: 1 }, { label: b, texts: 1 }]]]),
  asked: [[a], [a, b]],
  busy: [],
});

test('what was kept has no breach', () => expect(judge(wellKept())).toEqual([]));

describe('it finds', () => {
  test.each<[string, number, (evidence: Evidence) => void]>([
    ['a prompt without an outcome', 1, ({ ledger }) => void ledger.pop()],
    ['an error that no caller should see', 1, ({ ledger }) => void ledger.push(fact(b, { what: 'error', message: 'INTERNAL' }))],
    ['a topic that does not come to rest', 1, ({ busy }) => void busy.push('t0')],
    ['an outcome that is not in the session', 1, ({ store }) => void store.get('ses_1')?.pop()],
    ['two outcomes of one prompt', 2, ({ ledger }) => void ledger.push(fact(b, outcomeOf(b, 'another', 'resumed')))],
    ['a prompt that stands twice in the session', 2, ({ store }) => void store.get('ses_1')?.push({ label: b, texts: 1 })],
    ['a message with two texts', 2, ({ store }) => void store.get('ses_1')?.splice(1, 1, { label: b, texts: 2 })],
    ['two turns for one prompt', 2, ({ history }) => void history.get('t0')?.push({ label: b, session: 'ses_1' })],
    ['prompts out of the order of their acceptance', 3, ({ store, history }) => void [store.get('ses_1')?.reverse(), history.get('t0')?.reverse()]],
    ['a model that was asked twice', 3, ({ asked }) => void asked.push([a, b, b])],
    ['a reply that does not know what was before', 3, ({ ledger }) => void ledger.splice(-1, 1, fact(b, outcomeOf(b, `You asked first: "${b}".`, 'resumed')))],
    ['a second session of a topic', 5, ({ ledger }) => void ledger.splice(-1, 1, fact(b, outcomeOf(b, `You asked first: "${b}".`, 'new', 'ses_2')))],
    ['a session that nobody knows', 5, ({ store }) => void store.set('ses_9', [])],
  ])('%s', (_, promise, spoil) => {
    const evidence = wellKept();
    spoil(evidence);
    expect(judge(evidence).map((breach) => breach.promise)).toContain(promise);
  });
});
