import { expect, test } from 'vitest';
import { Signals } from '../../../../src/agents/claude-code/signals.js';
import { usageOf } from '../../../../src/agents/claude-code/usage.js';

test('thinking is a part of the output, and counts once', () => {
  const tokens = { input_tokens: 5, output_tokens: 100, output_tokens_details: { thinking_tokens: 90 } };
  expect(usageOf([tokens])).toMatchObject({ input_tokens: 5, output_tokens: 10, reasoning_tokens: 90 });
});

test('what a sub-agent uses is told while the turn works', () => {
  const message = { id: 'msg_1', content: [], usage: { input_tokens: 5, output_tokens: 7 } };
  const line = { type: 'assistant', message };
  const used = expect.objectContaining({ type: 'used', step: 'msg_1' }) as unknown;
  expect(new Signals().of({ ...line, parent_tool_use_id: 'toolu_1' })).toContainEqual(used);
  expect(new Signals().of(line)).not.toContainEqual(used);
});
