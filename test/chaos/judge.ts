/** Whether the promises were kept, from all sides. Pure: evidence in, breaches out. */
import type { TurnResult } from '../../src/contract/types.js';
import type { Entry } from './ledger.js';

export interface Evidence {
  /** What the clients wrote down. */
  ledger: Entry[];
  /** By topic: the turns that Temporal's history has as completed, in order, over all runs. */
  history: Map<string, { label: string; session: string }[]>;
  /** By session: the user's messages in the agent's own store, in order, each with the number of its text parts. */
  store: Map<string, { label: string; texts: number }[]>;
  /** The user's messages of each conversation that the model was sent. */
  asked: string[][];
  /** Topics that still have something to do. */
  busy: string[];
}

export interface Breach {
  promise: number;
  /** Who saw it. */
  side: 'client' | 'history' | 'store' | 'model';
  what: string;
}

export function judge({ ledger, history, store, asked, busy }: Evidence): Breach[] {
  const breaches: Breach[] = [];
  const breach = (promise: number, side: Breach['side'], what: string) => breaches.push({ promise, side, what });
  const outcomes = outcomesOf(ledger);

  for (const { what, label, ...entry } of ledger) if (what === 'error') breach(1, 'client', `${label}: ${'message' in entry ? entry.message : ''}`);
  for (const label of new Set(ledger.map((entry) => entry.label))) if (!outcomes.has(label)) breach(1, 'client', `${label} was never answered`);
  for (const topic of busy) breach(1, 'history', `${topic} has not come to rest`);
  for (const [label, results] of outcomes) {
    if (new Set(results.map((result) => JSON.stringify(result))).size > 1) breach(2, 'client', `${label} has two outcomes`);
  }

  for (const topic of new Set(ledger.map((entry) => entry.topic))) {
    const results = [...outcomes.values()].flatMap((all) => all.slice(0, 1)).filter((result) => result.topic === topic);
    const sessions = new Set(results.map(({ session_id }) => session_id));
    if (sessions.size !== 1) breach(5, 'client', `${topic} has sessions ${[...sessions].join(', ')}`);
    if (results.filter(({ session }) => session.kind !== 'resumed').length !== 1) breach(5, 'client', `${topic} was opened more than once`);
    for (const { prompt_id, session_id } of results) if (session_id === null) breach(4, 'client', `${prompt_id} has no session`);

    const turns = history.get(topic) ?? [];
    const inHistory = turns.map(({ label }) => label);
    for (const label of twice(inHistory)) breach(2, 'history', `${label} has two turns`);
    if (new Set(turns.map(({ session }) => session)).size > 1) breach(5, 'history', `${topic} has turns in several sessions`);

    const messages = store.get([...sessions][0] ?? '') ?? [];
    const inStore = messages.map(({ label }) => label);
    for (const label of twice(inStore)) breach(2, 'store', `${label} stands twice in the session`);
    for (const { label, texts } of messages) if (texts !== 1) breach(2, 'store', `${label} has ${texts} texts`);
    for (const { prompt_id, status } of results) if (status === 'completed' && !inStore.includes(prompt_id)) breach(1, 'store', `${prompt_id} is not in the session`);
    if (inStore.join() !== inHistory.filter((label) => inStore.includes(label)).join()) breach(3, 'history', `${topic}: turns and messages are not in one order`);
    for (const pair of outOfOrder(ledger.filter((entry) => entry.topic === topic), inStore)) breach(3, 'store', pair);

    for (const { prompt_id, status, reply } of results) {
      const expected = replyTo(inStore.slice(0, inStore.indexOf(prompt_id) + 1));
      if (status === 'completed' && reply !== expected) breach(3, 'client', `${prompt_id} was answered ${reply}, not ${expected}`);
    }
    for (const labels of new Set(asked.filter((all) => all[0]?.startsWith(`${topic}-`)).map((all) => all.join()))) {
      if (!`${inStore.join()},`.startsWith(`${labels},`)) breach(3, 'model', `the model was asked ${labels}`);
    }
  }
  const expected = new Set([...outcomes.values()].flat().map(({ session_id }) => session_id));
  for (const session of store.keys()) if (!expected.has(session as TurnResult['session_id'])) breach(5, 'store', `nobody knows session ${session}`);
  return breaches;
}

export function outcomesOf(ledger: Entry[]): Map<string, TurnResult[]> {
  const outcomes = new Map<string, TurnResult[]>();
  for (const entry of ledger) if (entry.what === 'outcome') outcomes.set(entry.label, [...(outcomes.get(entry.label) ?? []), entry.outcome]);
  return outcomes;
}

/** As the scripted model answers from the conversation that it is sent. */
function replyTo(labels: string[]): string {
  const now = labels.at(-1) ?? '';
  const before = labels.slice(0, -1).map((label) => `"${label}"`).join(', ');
  return before ? `You asked before: ${before}. Now: "${now}".` : `You asked first: "${now}".`;
}

function twice(labels: string[]): string[] {
  return [...new Set(labels.filter((label, i) => labels.indexOf(label) !== i))];
}

/** Whoever was told "accepted" before another began to ask comes first. */
function outOfOrder(ledger: Entry[], inStore: string[]): string[] {
  const begun = new Map<string, number>();
  const accepted = new Map<string, number>();
  for (const { label, what, at } of ledger) {
    if (what === 'sending' && !begun.has(label)) begun.set(label, at);
    if ((what === 'accepted' || what === 'outcome') && !accepted.has(label)) accepted.set(label, at);
  }
  return inStore.flatMap((later, i) =>
    inStore.slice(i + 1).filter((earlier) => (accepted.get(earlier) ?? Infinity) < (begun.get(later) ?? 0)).map((earlier) => `${earlier} was accepted before ${later} was asked, and came after it`),
  );
}
