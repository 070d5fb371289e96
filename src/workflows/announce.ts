/**
 * Search attributes, with which a topic is found. They are upserted once when a turn starts and
 * once when the topic has nothing left to do.
 */
import * as wf from '@temporalio/workflow';
import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import type { TopicId } from '../contract/ids.js';
import { MAX_KEYWORD_LENGTH, SEARCH_ATTRIBUTES } from '../contract/search-attributes.js';
import type { RunningPrompt, TopicState } from '../contract/state.js';
import { currentSession } from './session-state.js';
import { lifeStateOf } from './topic-view.js';

export function announce(topic: TopicId, state: TopicState, running: RunningPrompt | undefined, ended: boolean): void {
  const session = currentSession(state);
  const before = wf.workflowInfo().typedSearchAttributes;
  const wanted: [keyof typeof SEARCH_ATTRIBUTES, string | number | string[] | undefined][] = [
    ['ContinuityTopic', topic],
    ['ContinuityProject', state.project],
    ['ContinuitySessions', state.sessions.length > 0 ? sessionsOf(state) : undefined],
    ['ContinuityAgent', session?.pinned.agent],
    ['ContinuityState', lifeStateOf(state, running, ended)],
    ['ContinuityTurns', state.turns],
  ];
  const changed = wanted.flatMap(([name, value]) => {
    if (value === undefined) return [];
    const key = defineSearchAttributeKey(name, keyTypeOf(name));
    const pair = {
      key,
      value: typeof value === 'string' ? value.slice(-MAX_KEYWORD_LENGTH) : value,
    } as SearchAttributePair;
    return JSON.stringify(before.get(key)) === JSON.stringify(pair.value) ? [] : [pair];
  });
  if (changed.length > 0) wf.upsertSearchAttributes(changed);
}

/** The current one last: a list of topics shows it. */
function sessionsOf({ sessions, current }: TopicState): string[] {
  const ids = sessions.map((one) => one.session_id);
  return [...ids.filter((id) => id !== current), ...ids.filter((id) => id === current)];
}

const KEY_TYPES = { Keyword: 'KEYWORD', KeywordList: 'KEYWORD_LIST', Int: 'INT' } as const;

function keyTypeOf(name: keyof typeof SEARCH_ATTRIBUTES) {
  return KEY_TYPES[SEARCH_ATTRIBUTES[name]];
}
