import { expect, test } from 'vitest';
import { Signals } from '../../../../src/agents/claude-code/signals.js';
import { answersOf } from '../../../../src/agents/claude-code/unstored.js';
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

test('an answer that came whole counts though Claude Code was killed before it stored it, and one that was cut off does not', () => {
  const line = (event: object, of: string | null = null) =>
    JSON.stringify({ type: 'stream_event', event, parent_tool_use_id: of });
  const start = (id: string, of?: string) =>
    line({ type: 'message_start', message: { id, usage: { input_tokens: 5, output_tokens: 1 } } }, of);
  const end = (output_tokens: number, of?: string) => line({ type: 'message_delta', usage: { output_tokens } }, of);
  const output = [
    start('msg_1'),
    start('msg_2', 'toolu_1'),
    end(7),
    end(9, 'toolu_1'),
    start('msg_3'),
    '{"type":"stre',
  ];
  expect(answersOf(output)).toEqual([
    ['msg_1', { input_tokens: 5, output_tokens: 7 }],
    ['msg_2', { input_tokens: 5, output_tokens: 9 }],
  ]);
});
