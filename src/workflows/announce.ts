/**
 * Search attributes, with which a topic is found. They are upserted once when a turn starts and
 * once when the topic has nothing left to do.
 */
import * as wf from '@temporalio/workflow';
import { defineSearchAttributeKey, type SearchAttributeUpdatePair } from '@temporalio/common';
import type { TopicId } from '../contract/ids.js';
import {
  costAsAttribute,
  MAX_KEYWORD_LENGTH,
  SEARCH_ATTRIBUTES,
  tokensAsAttribute,
} from '../contract/search-attributes.js';
import type { RunningPrompt, TopicState } from '../contract/state.js';
import { tokensOf } from '../contract/usage.js';
import { currentSession } from './session-state.js';
import { lifeStateOf } from './topic-view.js';

type Wanted = [keyof typeof SEARCH_ATTRIBUTES, string | number | string[] | undefined];

export function announce(topic: TopicId, state: TopicState, running: RunningPrompt | undefined, ended: boolean): void {
  const session = currentSession(state);
  const wanted: Wanted[] = [
    ['ContinuityTopic', topic],
    ['ContinuityProject', state.project],
    ['ContinuitySessions', state.sessions.length > 0 ? sessionsOf(state) : undefined],
    ['ContinuityAgent', session?.pinned.agent],
    ['ContinuityState', lifeStateOf(state, running, ended)],
    ['ContinuityTurns', state.turns],
  ];
  const changed = wanted.filter(([, value]) => value !== undefined).flatMap(changeOf);
  // Sums are written only together with another attribute. So a turn costs no further upsert, and releases
  // with and without a ledger write the same commands.
  if (changed.length > 0) wf.upsertSearchAttributes([...changed, ...ledgerOf(state).flatMap(changeOf)]);
}

/** Removes a cost that is no longer known: one turn without a cost makes the sum unknown. */
function ledgerOf({ used }: TopicState): Wanted[] {
  return [
    ['ContinuityTokens', used && tokensAsAttribute(tokensOf(used))],
    ['ContinuityCostUsd', used?.cost_usd === undefined ? undefined : costAsAttribute(used.cost_usd)],
  ];
}

function changeOf([name, value]: Wanted): SearchAttributeUpdatePair[] {
  const key = defineSearchAttributeKey(name, KEY_TYPES[SEARCH_ATTRIBUTES[name]]);
  const kept = typeof value === 'string' ? value.slice(-MAX_KEYWORD_LENGTH) : (value ?? null);
  const before = wf.workflowInfo().typedSearchAttributes.get(key) ?? null;
  return JSON.stringify(before) === JSON.stringify(kept) ? [] : [{ key, value: kept } as SearchAttributeUpdatePair];
}

/** The current one last: a list of topics shows it. */
function sessionsOf({ sessions, current }: TopicState): string[] {
  const ids = sessions.map((one) => one.session_id);
  return [...ids.filter((id) => id !== current), ...ids.filter((id) => id === current)];
}

const KEY_TYPES = { Keyword: 'KEYWORD', KeywordList: 'KEYWORD_LIST', Int: 'INT', Double: 'DOUBLE' } as const;
