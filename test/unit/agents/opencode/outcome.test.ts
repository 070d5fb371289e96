import { describe, expect, test } from 'vitest';
import type { OpenCodeError } from '../../../../src/agents/opencode/failures.js';
import { keyOf, sightOf } from '../../../../src/agents/opencode/read-session.js';
import { harvested } from '../../../../src/agents/turn/outcomes.js';
import type { PromptId, SessionId } from '../../../../src/contract/ids.js';
import type { StoredMessage } from '../../../../src/agents/opencode/turn-state.js';
import { answer, compaction, text, tool, user } from './messages.js';

const S = 'ses_1' as SessionId;
const P = keyOf({ session_id: S, cwd: '/', store: 's' }, 'p' as PromptId);
const outcomeOf = (...turn: StoredMessage[]) => {
  const messages = [user(P, text('Add login')), ...turn];
  return harvested({ ...sightOf({ idle: true, status: { type: 'idle' }, messages }, S, P), done: () => [] }, S, 10);
};
const failed = (error: OpenCodeError) => outcomeOf(answer(P, { error }));
const api = (statusCode?: number): OpenCodeError => ({
  name: 'APIError',
  data: { message: 'says the provider', isRetryable: false, ...(statusCode && { statusCode }) },
});

test('the reply is the last text of this turn, and usage is summed over all steps', () => {
  const outcome = outcomeOf(
    answer(P, { finish: 'tool-calls' }, text('Let me see.'), tool('completed')),
    answer(P, { finish: 'stop' }, text('Done.')),
    answer(P, { finish: 'stop' }),
  );
  expect(outcome).toMatchObject({ status: 'completed', reply: 'Done.', model: 'scripted/model' });
  expect(outcome.usage).toEqual({
    input_tokens: 30,
    output_tokens: 15,
    reasoning_tokens: 3,
    cache_read_tokens: 9,
    cache_write_tokens: 6,
    cost_usd: 0.03,
  });
});

test('a cost of 0 is told as none, because OpenCode has no price of the model', () => {
  const { usage } = outcomeOf(answer(P, { finish: 'stop', cost: 0 }, text('Done.')));
  expect(usage).toMatchObject({ input_tokens: 10 });
  expect(usage).not.toHaveProperty('cost_usd');
});

test('a step that was cut off before OpenCode stored its tokens is told, and one that never began is not', () => {
  const none = { tokens: { input: 0, output: 0, reasoning: 0, cache: { read: 0, write: 0 } }, cost: 0 };
  const usageOf = (...turn: StoredMessage[]) => outcomeOf(...turn, answer(P, { finish: 'stop' }, text('Done.'))).usage;
  expect(usageOf(answer(P, none, tool('error')))).toMatchObject({ input_tokens: 10, uncounted_steps: 1 });
  expect(usageOf(answer(P, none, text('Let me')), answer(P, none, tool('error')))).toMatchObject({
    uncounted_steps: 2,
  });
  expect(usageOf(answer(P, none))).not.toHaveProperty('uncounted_steps');
  expect(usageOf(answer(P, { finish: 'tool-calls' }, tool('completed')))).not.toHaveProperty('uncounted_steps');
});

test('a summary that OpenCode made of the conversation is not the reply', () => {
  const outcome = outcomeOf(
    answer(P, { finish: 'tool-calls' }, tool('completed')),
    user('c', compaction()),
    answer('c', { summary: true, finish: 'stop' }, text('So far')),
    user('s', text('Go on', { synthetic: true })),
    answer('s', { finish: 'stop' }),
  );
  expect(outcome).toMatchObject({ status: 'completed', reply: '', compacted: 1 });
});

test('tools without a text are work, neither is EMPTY_REPLY', () => {
  expect(
    outcomeOf(answer(P, { finish: 'tool-calls' }, tool('completed')), answer(P, { finish: 'stop' })),
  ).toMatchObject({ status: 'completed', reply: '' });
  expect(outcomeOf(answer(P, { finish: 'stop' }))).toMatchObject({ status: 'failed', error: { code: 'EMPTY_REPLY' } });
});

test.each<[OpenCodeError, string]>([
  [api(401), 'AGENT_AUTH'],
  [api(403), 'AGENT_AUTH'],
  [{ name: 'ProviderAuthError', data: { providerID: 'x', message: 'no key' } }, 'AGENT_AUTH'],
  [api(402), 'AGENT_RATE_LIMITED'],
  [api(429), 'AGENT_RATE_LIMITED'],
  [api(), 'PROVIDER_UNREACHABLE'],
  [api(500), 'MODEL_FAILED'],
  [{ name: 'ContextOverflowError', data: { message: 'full' } }, 'CONTEXT_OVERFLOW'],
  [{ name: 'UnknownError', data: { message: 'who knows' } }, 'MODEL_FAILED'],
  [{ name: 'MessageOutputLengthError', data: {} }, 'REPLY_CUT_OFF'],
])('%j is %s, with the session in the message', (error, code) => {
  expect(failed(error)).toMatchObject({ status: 'failed', error: { code, message: expect.stringContaining(S) } });
});

test('a provider that gave no answer at all is said to be out of reach; the name of the model is not blamed', () => {
  expect(failed(api()).error).toMatchObject({
    message: expect.stringContaining('The provider did not answer in session'),
    fix: expect.stringMatching(/Check the network.*HTTPS_PROXY.*baseURL/),
  });
  expect(failed(api(503)).error?.fix).toMatch(/trouble of its own/);
  expect(failed(api(404)).error?.fix).toMatch(/Name a model/);
});

describe('what the provider refuses for ever because of what the session holds is SESSION_CORRUPTED', () => {
  test.each([
    'messages.13: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1. Each `tool_use` block must have a corresponding `tool_result` block in the next message.',
    'messages.2.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1.',
    'messages.1.content.3: `tool_use` ids must be unique',
    'Expected toolResult blocks at messages.2.content for the following Ids: tooluse_1',
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: call_1",
    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
    'No tool output found for function call call_1.',
    'No tool call found for function call output with call_id call_1.',
    'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.',
    'Please ensure that function call turn comes immediately after a user turn or after a function response turn.',
    'messages: text content blocks must be non-empty',
    'messages.4: all messages must have non-empty content except for the optional final assistant message',
    'The content field in the Message object at messages.1 is empty. Add a ContentBlock object to the content field and try again.',
    'messages.5.content.1: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. These blocks must remain as they were in the original response.',
    'messages.1.content.0: Invalid `signature` in `thinking` block',
    'messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `text`.',
    "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
    "Item 'fc_1' of type 'function_call' was provided without its required 'reasoning' item: 'rs_1'.",
    'Function call is missing a thought_signature in functionCall parts.',
  ])('%s', (message) => {
    const refused = (statusCode: number, data: object = { message }) =>
      failed({ name: 'APIError', data: { message: 'Bad Request', isRetryable: false, statusCode, ...data } });
    expect(refused(400)).toMatchObject({
      status: 'failed',
      error: { code: 'SESSION_CORRUPTED', message: expect.stringContaining(message) },
    });
    expect(refused(400, { responseBody: JSON.stringify({ error: { metadata: { raw: message } } }) }).error?.code).toBe(
      'SESSION_CORRUPTED',
    );
    expect(failed({ name: 'UnknownError', data: { message } }).error?.code).toBe('SESSION_CORRUPTED');
    for (const statusCode of [401, 429, 500]) expect(refused(statusCode).error?.code).not.toBe('SESSION_CORRUPTED');
  });

  test.each([
    'temperature must be between 0 and 1',
    'system: text content blocks must be non-empty',
    'max_tokens: 8192 > 4096, which is the maximum allowed',
    'tools.0.input_schema: JSON schema is invalid',
    'prompt is too long: 210000 tokens > 200000 maximum',
  ])('%s is not', (message) => {
    expect(failed({ name: 'APIError', data: { message, isRetryable: false, statusCode: 400 } }).error?.code).toBe(
      'MODEL_FAILED',
    );
  });
});

test('stopped by somebody is cancelled, with what was said so far; stopped for its length is a failure', () => {
  const error: OpenCodeError = { name: 'MessageAbortedError', data: { message: 'Aborted' } };
  expect(outcomeOf(answer(P, { error }, text('I was about')))).toMatchObject({
    status: 'cancelled',
    reply: 'I was about',
    error: { code: 'CANCELLED' },
  });
  const many = Array.from({ length: 10 }, () => answer(P, { finish: 'strange' }));
  expect(outcomeOf(...many, answer(P, { error }))).toMatchObject({ status: 'failed', error: { code: 'MODEL_FAILED' } });
});
