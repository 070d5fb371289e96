import { describe, expect, it, test } from 'vitest';
import type { ElicitResult } from '@modelcontextprotocol/server';
import type { SessionManager } from '../../../src/client/session-manager.js';
import { sessionError } from '../../../src/client/session-error.js';
import type { AnswerRequest, Ask } from '../../../src/contract/asks.js';
import { answerIn, formOf, Person } from '../../../src/mcp/person.js';

const permission: Ask = { ask_id: 'a-1', kind: 'permission', tool: 'bash', text: 'ls', takes: ['allow', 'deny'] };
const question: Ask = {
  ask_id: 'a-2',
  kind: 'question',
  text: 'Which one?',
  options: [{ label: 'red' }, { label: 'red' }, { label: 'blue' }],
  takes: ['reply', 'deny'],
};

describe('a form', () => {
  it('offers the decisions that a permission takes', () => {
    expect(formOf('auth', permission)).toMatchObject({
      message: 'The agent of topic auth asks for permission to use bash:\nls',
      requestedSchema: { properties: { decision: { enum: ['allow', 'deny'] } }, required: ['decision'] },
    });
  });

  it('offers the options of a question once each, or own words', () => {
    expect(formOf('auth', question).requestedSchema).toMatchObject({
      properties: { choice: { enum: ['red', 'blue'] }, text: { type: 'string' } },
    });
    expect(formOf('auth', { ...question, options: [] }).requestedSchema).toMatchObject({ required: ['text'] });
  });

  it.each<[Ask, ElicitResult, AnswerRequest | undefined]>([
    [permission, { action: 'decline' }, undefined],
    [permission, { action: 'cancel' }, undefined],
    [permission, { action: 'accept', content: { decision: 'perhaps' } }, undefined],
    [permission, { action: 'accept', content: { decision: 'allow', text: 'x' } }, { decision: 'allow', ask_id: 'a-1' }],
    [
      permission,
      { action: 'accept', content: { decision: 'deny', text: 'use trash' } },
      { decision: 'deny', text: 'use trash', ask_id: 'a-1' },
    ],
    [question, { action: 'accept', content: { choice: 'blue' } }, { decision: 'reply', text: 'blue', ask_id: 'a-2' }],
    [
      question,
      { action: 'accept', content: { choice: 'blue', text: 'green' } },
      { decision: 'reply', text: 'green', ask_id: 'a-2' },
    ],
    [question, { action: 'accept', content: { text: ' ' } }, undefined],
  ])('of %j answered with %j is %j', (ask, result, answer) => expect(answerIn(ask, result)).toEqual(answer));
});

const waiting = {
  for: 'answer',
  ask: permission,
  since: '',
  until: new Date(Date.now() + 60_000).toISOString(),
} as const;
const accept: ElicitResult = { action: 'accept', content: { decision: 'allow' } };
const using = (answer: () => Promise<unknown>) => {
  const manager = { answer } as unknown as SessionManager;
  return <T>(work: (manager: SessionManager) => Promise<T>) => work(manager);
};

test('a person is asked once for an ask, however many calls wait for it', async () => {
  let asked = 0;
  const person = new Person(() => Promise.resolve((asked += 1) > 0 ? accept : accept));
  const sends = using(() => Promise.resolve({}));
  expect(await Promise.all([person.asked('auth', waiting, sends), person.asked('auth', waiting, sends)])).toEqual([
    true,
    true,
  ]);
  expect(asked).toBe(1);
  await person.asked('billing', waiting, sends); // Another topic's, under the same name.
  expect(asked).toBe(2);
});

test('an answer that came too late counts as answered, and one that was not taken does not', async () => {
  const refused = (code: 'ASK_UNKNOWN' | 'NO_WORKER') =>
    new Person(() => Promise.resolve(accept)).asked(
      'auth',
      waiting,
      using(() => Promise.reject(sessionError(code, 'No.'))),
    );
  expect([await refused('ASK_UNKNOWN'), await refused('NO_WORKER')]).toEqual([true, false]);
});

test('a client that fails to ask leaves the ask open, and a question is taken back when its topic no longer asks it', async () => {
  const failing = new Person(() => Promise.reject(new Error('Method not found')));
  expect(
    await failing.asked(
      'auth',
      waiting,
      using(() => Promise.resolve({})),
    ),
  ).toBe(false);
  const person = new Person(
    (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
  );
  const answered = person.asked(
    'auth',
    waiting,
    using(() => Promise.resolve({})),
  );
  person.withdraw('another');
  person.withdraw('auth', 'a-1');
  person.withdraw('auth');
  expect(await answered).toBe(true);
});
