import { RequestError } from '@agentclientprotocol/sdk';
import { expect, test } from 'vitest';
import { failureOfCall, isMissing } from '../../../../src/agents/acp/failures.js';
import { endOf, endOfError } from '../../../../src/agents/acp/outcome.js';
import type { SessionId } from '../../../../src/contract/ids.js';

const session = 's-1' as SessionId;
const end = (stopReason: unknown, said = { reply: 'Done.', tools: 0 }) => endOf({ stopReason }, said, 'goose', session);
const endOfAnswer = (code: number, message: string, data?: unknown) =>
  endOfError(new RequestError(code, message, data), undefined, 'goose', session);

test.each([
  ['end_turn', 'completed', undefined],
  ['cancelled', 'cancelled', undefined],
  ['max_tokens', 'failed', 'REPLY_CUT_OFF'],
  ['max_turn_requests', 'failed', 'MODEL_FAILED'],
  ['refusal', 'failed', 'REPLY_CUT_OFF'],
  ['tired', 'failed', 'MODEL_FAILED'],
  [undefined, 'failed', 'OUTCOME_UNKNOWN'],
])('a turn that ends as %s is %s %s', (reason, status, code) => {
  expect(end(reason)).toMatchObject({ status, ...(code !== undefined && { error: { code } }) });
});

test('a turn without text is EMPTY_REPLY, unless a tool did something', () => {
  expect(end('end_turn', { reply: '', tools: 0 })).toMatchObject({ status: 'failed', error: { code: 'EMPTY_REPLY' } });
  expect(end('end_turn', { reply: '', tools: 1 })).toEqual({ status: 'completed' });
});

test.each([
  [-32000, 'Authentication required', undefined, 'AGENT_AUTH'],
  [-32603, 'Internal error', { statusCode: 401 }, 'AGENT_AUTH'],
  [-32603, 'Internal error', { statusCode: 429 }, 'AGENT_RATE_LIMITED'],
  [-32002, 'Resource not found', { sessionId: 's-1' }, 'SESSION_LOST'],
  [-32602, 'Invalid params', undefined, 'AGENT_UNSUPPORTED'],
  [-32603, 'maximum context length is 1000 tokens', undefined, 'CONTEXT_OVERFLOW'],
  [-32603, 'tool_use ids were found without tool_result blocks', undefined, 'SESSION_CORRUPTED'],
  [-32603, 'it broke', { why: 'no reason' }, 'MODEL_FAILED'],
])('an answer with error %i %s %j is %s', (code, message, data, expected) => {
  const { status, error } = endOfAnswer(code, message, data);
  expect([status, error?.code]).toEqual(['failed', expected]);
  expect(error?.message).toContain('s-1');
});

test('what the agent says in the details of an error is in the message', () => {
  expect(endOfAnswer(-32603, 'it broke', { why: 'no reason' }).error?.message).toContain(
    'it broke {"why":"no reason"}',
  );
});

test('an agent that ended, whatever it said before, leaves it unknown what became of the prompt', () => {
  expect(endOfError(new RequestError(-32603, 'x'), 'it was ended by SIGKILL.', 'goose', session)).toMatchObject({
    status: 'failed',
    error: {
      code: 'OUTCOME_UNKNOWN',
      message: 'goose ended in the middle of the turn in session s-1: it was ended by SIGKILL.',
    },
  });
});

test.each([
  [-32002, 'Resource not found', true],
  [-32603, 'Internal error: no rollout found for thread id s-1', true],
  [-32603, 'NotFoundError: Session not found: s-1', true],
  [-32602, 'Invalid session identifier "s-1"', true],
  [-32603, 'Internal error: No conversation found with session ID: s-1', true],
  [-32603, 'Internal error {"details":"unknown session s-1"}', true],
  [-32603, "ENOENT: no such file or directory, open '/home/me/.agent/sessions/s-1.json'", true],
  [-32603, "ENOENT: no such file or directory, open '/home/me/.agent/settings.json'", false],
  [-32603, 'Internal error: model gpt-99 not found', false],
  [-32603, 'Session s-1 could not be loaded: command not found: git', false],
  [-32603, 'Connection refused', false],
  [-32000, 'Authentication required: no such account', false],
])('error %i %s says that a session is missing: %s', (code, message, missing) => {
  expect(isMissing(new RequestError(code, message), 's-1')).toBe(missing);
});

test('a login and a protocol that are not there are not tried again, and anything else is', () => {
  expect(failureOfCall(new RequestError(-32000, 'no'), 'goose', 'open a session')).toMatchObject({
    retryable: false,
    failure: { code: 'AGENT_AUTH' },
  });
  expect(failureOfCall(new RequestError(-32601, 'no'), 'goose', 'open a session')).toMatchObject({
    retryable: false,
    failure: { code: 'AGENT_UNSUPPORTED' },
  });
  expect(failureOfCall(new RequestError(-32603, 'no'), 'goose', 'open a session')).toMatchObject({
    retryable: true,
    failure: { code: 'AGENT_CRASHED' },
  });
});
