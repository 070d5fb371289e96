/** How a turn ended whose activity failed. */
import { ActivityFailure, ApplicationFailure, type RetryState } from '@temporalio/common';
import { expect, test } from 'vitest';
import { failure } from '../../../src/contract/failures.js';
import type { PromptId, SessionId, TopicId } from '../../../src/contract/ids.js';
import type { SessionRecord } from '../../../src/contract/state.js';
import { cancelledBeforeItBegan, endedByError } from '../../../src/workflows/ended.js';
import { addSession, newTopicState } from '../../../src/workflows/session-state.js';

const crashed = failure('AGENT_CRASHED', 'The agent did not start.');

function brokenOff(retryState: RetryState): ActivityFailure {
  const cause = ApplicationFailure.create({ type: crashed.code, message: crashed.message, details: [crashed] });
  return new ActivityFailure('Activity task failed', 'runTurn', '1', retryState, undefined, cause);
}

test('a turn that broke off while it was being cancelled, and is not tried again for that alone, is cancelled', () => {
  expect(endedByError(brokenOff('CANCEL_REQUESTED'), undefined, true)).toMatchObject({
    status: 'cancelled',
    error: { code: 'CANCELLED' },
  });
});

test('a turn that failed for good before it could be cancelled says why', () => {
  expect(endedByError(brokenOff('NON_RETRYABLE_FAILURE'), undefined, true)).toMatchObject({
    status: 'failed',
    error: { code: 'AGENT_CRASHED' },
  });
});

test('a prompt for a session that its topic has not taken over yet is cancelled as one for that session', () => {
  const state = newTopicState();
  const [own, theirs] = ['ses_own', 'ses_theirs'] as [SessionId, SessionId];
  const prompt = {
    prompt_id: 'p' as PromptId,
    request: { prompt: 'x', session_id: theirs, adopt: true },
    accepted_at: '',
  };
  const cancelled = () => cancelledBeforeItBegan('auth' as TopicId, state, prompt, '');
  expect(cancelled()).toMatchObject({ session_id: theirs, session: { kind: 'resumed' }, agent: 'unknown' });
  addSession(state, { session_id: own, pinned: { agent: 'codex', project: '/p' }, turns: 1 } as SessionRecord);
  expect(cancelled()).toMatchObject({ session_id: theirs, session: { kind: 'resumed' }, agent: 'unknown' });
});
