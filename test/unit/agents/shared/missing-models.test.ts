/** What providers and agents say of a model that is not there. */
import { expect, test } from 'vitest';
import { isModelMissing } from '../../../../src/agents/shared/missing-models.js';

test.each<[number | undefined, string]>([
  [404, 'The model `gpt-x` does not exist or you do not have access to it.'],
  [400, "The requested model 'gpt-x' does not exist."],
  [400, '{"error":{"message":"Bad","code":"model_not_found"}}'],
  [400, 'The model `llama-x` has been decommissioned and is no longer supported.'],
  [400, "The 'gpt-x' model is not supported when using Codex with a ChatGPT account."],
  [404, 'model: claude-x'],
  [400, 'The model `gpt-4.1` does not exist'],
  [
    undefined,
    "There's an issue with the selected model (claude-x). It may not exist or you may not have access to it.",
  ],
  [410, ''],
])('%s %s', (status, said) => {
  expect(isModelMissing(status, [said])).toBe(true);
});

test.each<[number | undefined, string]>([
  [400, 'messages.1.content.0: image was not found'],
  [400, "This model's maximum context length is 1000 tokens."],
  [500, 'The model does not exist'],
  [429, 'The model is not found'],
  [undefined, 'error sending request for url'],
  [400, 'This model does not support image input. Tool x does not exist'],
])('not: %s %s', (status, said) => {
  expect(isModelMissing(status, [said])).toBe(false);
});
