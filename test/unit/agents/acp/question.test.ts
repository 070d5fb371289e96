import { expect, test } from 'vitest';
import { questionOf } from '../../../../src/agents/acp/question.js';
import type { Ask } from '../../../../src/contract/asks.js';
import type { SessionId } from '../../../../src/contract/ids.js';

const session = 's-1' as SessionId;
const formOf = (properties: object, required: string[] = [], message = 'Please say.') =>
  questionOf(
    'id',
    { mode: 'form', sessionId: session, message, requestedSchema: { properties, required } },
    {
      session,
      call: () => undefined,
    },
  );
const reply = (text: string) => ({ decision: 'reply', text }) as const;
const DENY = { decision: 'deny' } as const;
type Form = ReturnType<typeof formOf>;
const first = (form: Form): Ask => {
  const [ask] = form.asks;
  if (!ask) throw new Error('Nothing is asked.');
  return ask;
};
const answered = (form: Form, text: string) => form.take(first(form), reply(text));
const COLOURS = {
  type: 'string',
  oneOf: [
    { const: 'r', title: 'Red', description: 'Warm.' },
    { const: 'b', title: 'Blue' },
  ],
};

test('a question has the message, its choices, and takes a reply', () => {
  const form = formOf({ colour: { ...COLOURS, title: 'Colour' } }, [], 'What shall I paint?');
  expect(form.asks).toEqual([
    {
      ask_id: 'id',
      kind: 'question',
      text: 'What shall I paint? ⏎ Colour',
      options: [{ label: 'Red', description: 'Warm.' }, { label: 'Blue' }],
      takes: ['reply', 'deny'],
    },
  ]);
  expect(answered(form, ' red')).toEqual({ action: 'accept', content: { colour: 'r' } });
});

test('each field is a question of its own, and the agent is answered once all were', () => {
  const form = formOf({ name: { type: 'string' }, count: { type: 'integer', minimum: 1 }, sure: { type: 'boolean' } });
  expect(form.asks.map(({ ask_id, text }) => [ask_id, text])).toEqual([
    ['id', 'Please say. ⏎ name'],
    ['id.1', 'Please say. ⏎ count (a whole number from 1)'],
    ['id.2', 'Please say. ⏎ sure'],
  ]);
  expect(answered(form, 'Ada')).toBeUndefined();
  expect(answered(form, '3')).toBeUndefined();
  expect(first(form).options).toEqual([{ label: 'Yes' }, { label: 'No' }]);
  expect(answered(form, 'no')).toEqual({ action: 'accept', content: { name: 'Ada', count: 3, sure: false } });
});

test('a reply that the field does not take is asked for again, under another name', () => {
  const form = formOf({ count: { type: 'number', maximum: 5 } }, ['count']);
  for (const wrong of ['many', '6', '']) expect(answered(form, wrong)).toBeUndefined();
  expect(first(form)).toMatchObject({
    ask_id: 'id.again3',
    text: '"" is not what can be answered here. ⏎ Please say. ⏎ count (a number to 5)',
  });
  expect(answered(form, '4.5')).toEqual({ action: 'accept', content: { count: 4.5 } });
});

test('a denial skips a field that may be left out, and declines the form else', () => {
  const properties = { name: { type: 'string' }, count: { type: 'integer' } };
  const optional = formOf(properties);
  expect(optional.take(first(optional), DENY)).toBeUndefined();
  expect(answered(optional, '2')).toEqual({ action: 'accept', content: { count: 2 } });
  const skipped = formOf(properties);
  expect(skipped.take(first(skipped), DENY)).toBeUndefined();
  expect(skipped.take(first(skipped), DENY)).toEqual({ action: 'decline' });
  const required = formOf(properties, ['name']);
  expect(required.take(first(required), DENY)).toEqual({ action: 'decline' });
});

test('several can be named, one a line or between commas', () => {
  const items = { anyOf: [{ const: 'Redis' }, { const: 'A, B' }, { const: 'Kafka' }] };
  const named = (text: string) => answered(formOf({ stores: { type: 'array', items } }), text);
  expect(named('redis, kafka')).toEqual({ action: 'accept', content: { stores: ['Redis', 'Kafka'] } });
  expect(named('A, B\nRedis\n')).toEqual({ action: 'accept', content: { stores: ['A, B', 'Redis'] } });
  expect(named('Redis, Mongo')).toBeUndefined();
});

test('an answer that is none of the choices fills the field that the agent has for that', () => {
  const other = { type: 'string', title: 'Other' };
  const properties = {
    question_0: COLOURS,
    question_0_custom: other,
    question_1: { type: 'array', items: { enum: ['x', 'y'] } },
    question_1_custom: other,
  };
  const form = formOf(properties);
  expect(form.asks).toHaveLength(2);
  expect(answered(form, 'Green')).toBeUndefined();
  expect(answered(form, 'x, z')).toEqual({
    action: 'accept',
    content: { question_0_custom: 'Green', question_1: ['x'], question_1_custom: 'z' },
  });
});

test('a message without fields, or with an address, is agreed to', () => {
  const asker = { session, call: () => ({ tool: 'deploy' }) };
  const asked = { mode: 'url', message: 'Log in', url: 'https://example.com/', toolCallId: 't', sessionId: 'child' };
  const form = questionOf('id', asked, asker);
  expect(first(form)).toMatchObject({ tool: 'deploy', text: 'Log in ⏎ https://example.com/', session_id: 'child' });
  expect(answered(form, 'done')).toEqual({ action: 'accept' });
  expect(form.asks).toEqual([]);
  const declined = questionOf('id', 'nonsense', asker);
  expect(declined.take(first(declined), DENY)).toEqual({ action: 'decline' });
});

test('a form of a thousand fields and choices is bounded', () => {
  const choices = { type: 'string', enum: Array.from({ length: 1000 }, (_, at) => `c${at}`) };
  const form = formOf(Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`f${at}`, choices])));
  expect(form.asks).toHaveLength(50);
  expect(first(form).options).toHaveLength(50);
  expect(answered(formOf({ one: choices }), 'c999')).toEqual({ action: 'accept', content: { one: 'c999' } });
});
