import { beforeEach, expect, test } from 'vitest';
import { OpenCalls } from '../../../../src/agents/claude-code/open-calls.js';
import type { OutputLine } from '../../../../src/agents/claude-code/signals.js';

let calls: OpenCalls;
beforeEach(() => (calls = new OpenCalls()));

const call = (
  answer: string,
  id: string,
  command: string,
  by: string | null = null,
  more: object = {},
): OutputLine => ({
  type: 'assistant',
  parent_tool_use_id: by,
  message: { id: answer, content: [{ type: 'tool_use', id, name: 'Bash', input: { command, ...more } }] },
});
const result = (tool_use_id: string, by: string | null = null): OutputLine => ({
  type: 'user',
  parent_tool_use_id: by,
  message: { content: [{ type: 'tool_result', tool_use_id }] },
});
const agent = (answer: string, id: string): OutputLine => ({
  type: 'assistant',
  message: { id: answer, content: [{ type: 'tool_use', id, name: 'Agent', input: { prompt: 'Count' } }] },
});
const after = (...lines: OutputLine[]) => {
  for (const line of lines) calls.on(line);
  return calls.running.map(({ step }) => step);
};

test('a tool runs from its call to its result, with the limit that the model has put on it', () => {
  expect(after(call('m1', 'c1', 'npm test', null, { timeout: 5000 }))).toEqual(['bash: npm test']);
  expect(calls.running).toEqual([{ id: 'c1', step: 'bash: npm test', limit_ms: 5000 }]);
  expect(after(call('m1', 'c2', 'npm run lint'))).toEqual(['bash: npm test', 'bash: npm run lint']);
  expect(after(result('c1'))).toEqual(['bash: npm run lint']);
  expect(after(result('c2'))).toEqual([]);
});

test('a sub-agent is no tool, and its tools are', () => {
  expect(after(agent('m1', 'a1'))).toEqual([]);
  expect(after(call('s1', 'c1', 'sleep 9', 'a1'))).toEqual(['sub-agent: bash: sleep 9']);
  expect(after(result('a1'))).toEqual([]);
});

test('the next answer of the model ends the calls before it, and only its own', () => {
  after(agent('m1', 'a1'), call('m1', 'c1', 'one'), call('s1', 'c2', 'two', 'a1'));
  const next: OutputLine = {
    type: 'stream_event',
    parent_tool_use_id: 'a1',
    event: { type: 'message_start', message: { id: 's2' } },
  };
  expect(after(next)).toEqual(['bash: one']);
  expect(after({ type: 'assistant', message: { id: 'm2', content: [] } })).toEqual([]);
});

test('nothing runs after the end of the turn', () => {
  expect(after(call('m1', 'c1', 'one'), { type: 'result' })).toEqual([]);
});
