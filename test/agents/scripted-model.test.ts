import { execa } from 'execa';
import getPort from 'get-port';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { asideStep, nextStep, type ChatMessage } from '../../scripted/script.js';

const user = (content: string): ChatMessage => ({ role: 'user', content });
const called = (result: string): ChatMessage[] => [
  { role: 'assistant', tool_calls: [{ id: 'c' }] },
  { role: 'tool', content: result, tool_call_id: 'c' },
];

test('what was asked before is known only from the conversation that is sent', () => {
  expect(nextStep([user('Fix: add rate limiting')]).text).toBe('You asked first: "Fix: add rate limiting".');
  expect(
    nextStep([user('Add login endpoint [[bash: ls]]'), ...called('ok'), user('Fix: add rate limiting')]).text,
  ).toBe('You asked before: "Add login endpoint". Now: "Fix: add rate limiting".');
});

test('a script goes on after each result, and makes an interrupted call again', () => {
  const prompt = user('[[bash: one]] [[say: between]] [[bash: two]] [[say: end]]');
  expect(nextStep([prompt]).call?.arguments).toMatchObject({ command: 'one' });
  expect(nextStep([prompt, ...called('[Tool execution was interrupted]')]).call?.arguments).toMatchObject({
    command: 'one',
  });
  expect(nextStep([prompt, ...called('ok')])).toMatchObject({
    call: { arguments: { command: 'two' } },
    text: 'between',
  });
  expect(nextStep([prompt, ...called('ok'), ...called('ok')])).toMatchObject({ text: 'end', finish: 'stop' });
});

test('any tool can be called, with arguments of the script', () => {
  expect(nextStep([user('[[tool: grep {"pattern": "x"}]] [[say: end]]')]).call).toEqual({
    name: 'grep',
    arguments: { pattern: 'x' },
  });
});

test('a title or summary is not taken for a turn', () => {
  expect(asideStep([user('Make a title of: [[bash: rm -rf /]]')])).toMatchObject({ text: 'Scripted', finish: 'stop' });
});

test('it runs as a process of its own, and tells what it was asked', async () => {
  const port = await getPort({ host: '127.0.0.1' });
  const script = fileURLToPath(new URL('../../scripted/model.ts', import.meta.url));
  const model = execa('node', ['--import', 'tsx', script, '--port', String(port)], { reject: false });
  const body = JSON.stringify({ model: 'model', messages: [user('Hello')], tools: [{}] });
  const ask = () =>
    fetch(`http://127.0.0.1:${port}/v1/chat/completions`, { method: 'POST', body }).then((answer) => answer.json());
  const reply = await vi.waitFor(ask, { timeout: 60_000, interval: 100 });
  expect(reply).toMatchObject({ choices: [{ message: { content: 'You asked first: "Hello".' } }] });
  const requests = await fetch(`http://127.0.0.1:${port}/requests`).then((answer) => answer.json());
  expect(requests).toMatchObject([{ asks: ['Hello'], aside: false }]);
  model.kill('SIGKILL');
  await model;
});
