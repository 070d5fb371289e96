/** Whether the promises were kept, from all sides. Pure: evidence in, breaches out. */
import type { TurnResult } from '../../src/contract/types.js';
import { excusedOn, type Consequence, type DeedDone } from './deeds.js';
import { burnt, ranThoughDenied, wasLoggedOut } from './judge-waits.js';
import type { Entry } from './ledger.js';
import type { Spell } from './weather.js';

export interface Evidence {
  /** What the clients wrote down. */
  ledger: Entry[];
  /** What the operator did. */
  deeds: DeedDone[];
  /** By topic: the turns that Temporal's history has as completed, in order, over all runs. */
  history: Map<string, Turn[]>;
  /** By topic: how its runs ended, oldest first. */
  ends: Map<string, string[]>;
  /**
   * By session: the user's messages in the agent's own store, in order, each with the number of its
   * text parts.
   */
  store: Map<string, Message[]>;
  /** By session: the topic that it was opened for, where the store tells. */
  openedFor: Map<string, string>;
  /** Whether the agent chooses the ids of sessions: then an open that is cut off can leave one. */
  leavesEmptySessions: boolean;
  /** Whether the agent may fail to start: then a prompt can fail before it has a session. */
  mayNotStart: boolean;
  /** The user's messages of each conversation that the model was sent. */
  asked: string[][];
  /** When the provider refused every request. */
  spells: Spell[];
  /** How often each prompt's tools ran. */
  effects: Map<string, number>;
  /** Topics that still have something to do. */
  busy: string[];
}

export interface Turn {
  label: string;
  session: string;
}

export interface Message {
  label: string;
  /**
   * None: the agent was killed before it had stored them. A turn that goes on stores them; one that
   * was ended does not.
   */
  texts: number;
}

export interface Breach {
  promise: number;
  /** Who saw it. */
  side: 'client' | 'history' | 'store' | 'model';
  what: string;
}

/** What is known of one topic. */
interface Case {
  topic: string;
  excused: Set<Consequence>;
  /** One outcome of each prompt. */
  results: TurnResult[];
  turns: Turn[];
  ends: string[];
  messages: Message[];
  /** The labels of its messages. */
  inStore: string[];
  ledger: Entry[];
  asked: string[][];
  spells: Spell[];
  mayNotStart: boolean;
}

type Report = (promise: number, side: Breach['side'], what: string) => void;

export function judge(evidence: Evidence): Breach[] {
  const { ledger, deeds, history, ends, store, asked, busy } = evidence;
  const breaches: Breach[] = [];
  const breach: Report = (promise, side, what) => breaches.push({ promise, side, what });
  const outcomes = outcomesOf(ledger);

  for (const { what, label, ...entry } of ledger)
    if (what === 'error') breach(1, 'client', `${label}: ${'message' in entry ? entry.message : ''}`);
  for (const label of new Set(ledger.map((entry) => entry.label)))
    if (!outcomes.has(label)) breach(1, 'client', `${label} was never answered`);
  for (const topic of busy) breach(1, 'history', `${topic} has not come to rest`);

  const orphans = new Set<string>(store.keys());
  for (const topic of new Set(ledger.map((entry) => entry.topic))) {
    const ofTopic = [...outcomes].filter(([, [first]]) => first?.topic === topic);
    const excused = excusedOn(topic, deeds);
    // Workers reset what cannot be replayed (workers/unstick.ts), and that has the consequences of
    // an operator's reset.
    if (ends.get(topic)?.includes('RESET')) excused.add('repeated');
    for (const [label, results] of ofTopic) {
      if (
        new Set(results.map((result) => (excused.has('repeated') ? gistOf(result) : JSON.stringify(result)))).size > 1
      )
        breach(2, 'client', `${label} has two outcomes`);
    }
    const results = ofTopic.flatMap(([, all]) => all.slice(0, 1));
    for (const { session_id } of ofTopic.flatMap(([, all]) => all)) orphans.delete(session_id ?? '');
    const session = results.find(({ session_id }) => session_id !== null)?.session_id ?? '';
    const messages = (store.get(session) ?? []).filter(
      ({ texts }) => texts > 0 || !(excused.has('cancelled') || excused.has('cut off')),
    );
    const one: Case = {
      topic,
      excused,
      results,
      messages,
      turns: history.get(topic) ?? [],
      ends: ends.get(topic) ?? [],
      inStore: messages.map(({ label }) => label),
      ledger: ledger.filter((entry) => entry.topic === topic),
      asked: asked.filter((all) => all[0]?.startsWith(`${topic}-`)),
      spells: evidence.spells,
      mayNotStart: evidence.mayNotStart,
    };
    for (const what of ranThoughDenied(results, evidence.effects)) breach(2, 'store', what);
    for (const what of burnt(results, one.ledger, excused)) breach(1, 'client', what);
    for (const look of [
      outcomesAreEarned,
      thereIsOneSession,
      runsEndAsWanted,
      turnsAreInOrder,
      promptsStandOnce,
      repliesKnowTheRest,
    ])
      look(one, breach);
  }

  for (const session of orphans) {
    const excused = excusedOn(evidence.openedFor.get(session) ?? '', deeds);
    const mayBe = evidence.leavesEmptySessions || OPENED_IN_VAIN.some((may) => excused.has(may));
    if (store.get(session)?.length === 0 && mayBe) continue;
    breach(5, 'store', `nobody knows session ${session}`);
  }
  return breaches;
}

/** A run that is ended or reset while it opens a session has nothing of it but the session. */
const OPENED_IN_VAIN: Consequence[] = ['cancelled', 'terminated', 'repeated'];

/**
 * An outcome is what a topic makes of a prompt, or what an operator may cause there, and nothing
 * else.
 */
function outcomesAreEarned({ results, excused, spells, mayNotStart, inStore }: Case, breach: Report): void {
  for (const result of results) {
    const { prompt_id, status, error } = result;
    if (status === 'cancelled' && !excused.has('cancelled'))
      breach(1, 'client', `${prompt_id} was cancelled by nobody`);
    if (status !== 'failed') continue;
    // So ends what was cut off in a way that its session cannot tell; processes that are killed may
    // do that too.
    const wasNotPutIn = result.session_id === null && !inStore.includes(prompt_id);
    if (error?.code === 'AGENT_CRASHED' && mayNotStart && wasNotPutIn) continue;
    // After a reset, later prompts can come before a turn that waits. It can't go on then.
    if (error?.code === 'AGENT_RATE_LIMITED' && spells.length > 0 && excused.has('repeated')) continue;
    if (error?.code === 'AGENT_AUTH' && wasLoggedOut(result, spells)) continue;
    if (error?.code !== 'OUTCOME_UNKNOWN') breach(1, 'client', `${prompt_id} failed: ${error?.code} ${error?.message}`);
    else if (isCutOff(error.message) && !excused.has('cut off'))
      breach(1, 'client', `${prompt_id} was cut off by nobody: ${error.message}`);
  }
}

function isCutOff(message: string): boolean {
  return message.includes('ended from outside');
}

function thereIsOneSession({ topic, results, turns, excused, mayNotStart }: Case, breach: Report): void {
  const held = results.filter(({ session_id }) => session_id !== null);
  const sessions = new Set(held.map(({ session_id }) => session_id));
  if (sessions.size > 1) breach(5, 'client', `${topic} has sessions ${[...sessions].join(', ')}`);
  const opened = held.filter(({ session }) => session.kind !== 'resumed');
  const isCut = excused.size > 0 && opened.length === 0;
  if (results.length > 0 && opened.length !== 1 && !isCut)
    breach(5, 'client', `${topic} was opened ${opened.length} times`);
  for (const result of results)
    if (result.session_id === null && !mayHaveNone(result, held, { excused, mayNotStart }))
      breach(4, 'client', `${result.prompt_id} has no session`);
  if (new Set(turns.map(({ session }) => session)).size > 1)
    breach(5, 'history', `${topic} has turns in several sessions`);
}

/**
 * What never began, or was cut off while its session was being opened, has none, if the topic had
 * none when it ended. So has what an agent did not start for.
 */
function mayHaveNone(
  { status, error, started_at }: TurnResult,
  held: TurnResult[],
  { excused, mayNotStart }: Pick<Case, 'excused' | 'mayNotStart'>,
): boolean {
  const hasNotStarted = mayNotStart && error?.code === 'AGENT_CRASHED';
  const isEnded =
    status === 'cancelled' ? excused.has('cancelled') : excused.has('cut off') && isCutOff(error?.message ?? '');
  const wasOpen = held.some(
    (other) =>
      other.status === 'completed' && Date.parse(other.started_at) + other.duration_ms < Date.parse(started_at),
  );
  return (isEnded || hasNotStarted) && !wasOpen;
}

/** No topic ends unless someone ends it. */
function runsEndAsWanted({ topic, ends, excused }: Case, breach: Report): void {
  for (const end of new Set(ends)) {
    const isWanted = {
      RUNNING: true,
      CONTINUED_AS_NEW: true,
      RESET: true,
      COMPLETED: excused.has('closed'),
      TERMINATED: excused.has('terminated'),
    }[end];
    if (!isWanted) breach(1, 'history', `a run of ${topic} has ended as ${end}`);
  }
}

function turnsAreInOrder({ topic, turns, inStore, excused, ledger }: Case, breach: Report): void {
  if (excused.has('repeated')) return; // Its turns are harvested again, and its messages handed in again: signals first.
  const inHistory = turns.map(({ label }) => label);
  for (const label of twice(inHistory)) breach(2, 'history', `${label} has two turns`);
  const common = (labels: string[], others: string[]) => labels.filter((label) => others.includes(label)).join();
  // A turn that was cut off stands in the session only.
  const stored = excused.has('terminated') || excused.has('cancelled') ? common(inStore, inHistory) : inStore.join();
  if (stored !== common(inHistory, inStore)) breach(3, 'history', `${topic}: turns and messages are not in one order`);
  for (const pair of outOfOrder(ledger, inStore)) breach(3, 'store', pair);
}

function promptsStandOnce({ results, messages, inStore }: Case, breach: Report): void {
  for (const label of twice(inStore)) breach(2, 'store', `${label} stands twice in the session`);
  for (const { label, texts } of messages) if (texts !== 1) breach(2, 'store', `${label} has ${texts} texts`);
  for (const { prompt_id, status } of results)
    if (status === 'completed' && !inStore.includes(prompt_id))
      breach(1, 'store', `${prompt_id} is not in the session`);
}

function repliesKnowTheRest({ results, inStore, asked }: Case, breach: Report): void {
  for (const { prompt_id, status, reply } of results) {
    const expected = replyTo(inStore.slice(0, inStore.indexOf(prompt_id) + 1));
    if (status === 'completed' && reply !== expected)
      breach(3, 'client', `${prompt_id} was answered ${reply}, not ${expected}`);
  }
  // Claude Code asks its model before it stores the prompt (2.1.331). A turn that was stopped in
  // between is in no session, and nobody was told that it completed.
  const isInNoSession = (label: string) =>
    !inStore.includes(label) && !results.some(({ prompt_id, status }) => prompt_id === label && status === 'completed');
  for (const all of new Map(asked.map((labels) => [labels.join(), labels])).values()) {
    const last = all.at(-1);
    const stored = last !== undefined && isInNoSession(last) ? all.slice(0, -1) : all;
    if (stored.some((label, at) => label !== inStore[at])) breach(3, 'model', `the model was asked ${all.join()}`);
  }
}

/** What stays the same when a turn is harvested again. */
function gistOf({ status, reply, session_id }: TurnResult): string {
  return JSON.stringify([status, reply, session_id]);
}

export function outcomesOf(ledger: Entry[]): Map<string, TurnResult[]> {
  const outcomes = new Map<string, TurnResult[]>();
  for (const entry of ledger)
    if (entry.what === 'outcome') outcomes.set(entry.label, [...(outcomes.get(entry.label) ?? []), entry.outcome]);
  return outcomes;
}

/** As the scripted model answers from the conversation that it is sent. */
function replyTo(labels: string[]): string {
  const now = labels.at(-1) ?? '';
  const before = labels
    .slice(0, -1)
    .map((label) => `"${label}"`)
    .join(', ');
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
    inStore
      .slice(i + 1)
      .filter((earlier) => (accepted.get(earlier) ?? Infinity) < (begun.get(later) ?? 0))
      .map((earlier) => `${earlier} was accepted before ${later} was asked, and came after it`),
  );
}
