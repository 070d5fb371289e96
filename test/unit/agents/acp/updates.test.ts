import { expect, test } from 'vitest';
import { messagesOf } from '../../../../src/agents/acp/transcript.js';
import { Said, updateIn, type Update } from '../../../../src/agents/acp/updates.js';

const of = (update: object): Update => {
  const known = updateIn({ sessionId: 's', update })?.update;
  if (!known) throw new Error(`No update: ${JSON.stringify(update)}`);
  return known;
};
const chunk = (role: 'user' | 'agent', text: string, messageId?: string) =>
  of({ sessionUpdate: `${role}_message_chunk`, content: { type: 'text', text }, messageId });
const call = (more: object = {}) =>
  of({
    sessionUpdate: 'tool_call',
    toolCallId: 'c1',
    title: 'bash',
    kind: 'execute',
    status: 'pending',
    rawInput: {},
    ...more,
  });
const step = (more: object) => of({ sessionUpdate: 'tool_call_update', toolCallId: 'c1', ...more });

test('updates of kinds that are not known are of their session, and tell nothing', () => {
  expect(updateIn({ sessionId: 's', update: { sessionUpdate: 'subagent_update', id: 1 } })).toEqual({ sessionId: 's' });
  expect(updateIn({ update: {} })).toBeUndefined();
  expect(updateIn('nothing')).toBeUndefined();
});

test('the reply is all text after the last call of a tool', () => {
  const said = new Said();
  for (const update of [
    chunk('agent', 'I look.'),
    call(),
    step({ status: 'completed' }),
    chunk('agent', 'It is '),
    chunk('agent', 'done.'),
  ])
    said.on(update);
  expect(said).toMatchObject({ reply: 'It is done.', tools: 1 });
});

test('the reply is the last text before that where none follows, and what the user said is none', () => {
  const said = new Said();
  for (const update of [chunk('agent', 'I look.'), call(), chunk('user', 'Echo')]) said.on(update);
  expect(said.reply).toBe('I look.');
});

test('two messages of one turn are two paragraphs', () => {
  const said = new Said();
  for (const update of [chunk('agent', 'One', 'm1'), chunk('agent', '.', 'm1'), chunk('agent', 'Two.', 'm2')])
    said.on(update);
  expect(said.reply).toBe('One.\n\nTwo.');
});

test('what a tool does is told once it is known, and once', () => {
  const said = new Said();
  const updates = [
    call(),
    step({ rawInput: { command: 'npm test' }, title: 'Run the tests' }),
    step({ status: 'completed', rawInput: { command: 'npm test' } }),
  ];
  expect(updates.flatMap((update) => said.on(update))).toEqual([
    { type: 'did', step: 'bash' },
    { type: 'did', step: 'bash: npm test' },
  ]);
});

test('a tool that is named by a sentence is told by its kind and that sentence', () => {
  expect(new Said().on(call({ title: 'Read src/index.ts', kind: 'read' }))).toEqual([
    { type: 'did', step: 'read: Read src/index.ts' },
  ]);
});

test('a replay becomes the conversation, with the tools and what came out of them', () => {
  const replay = [
    chunk('user', 'Look', 'u1'),
    chunk('user', ' around', 'u1'),
    of({ sessionUpdate: 'agent_thought_chunk', content: { type: 'text', text: 'Hm.' } }),
    call(),
    step({
      status: 'completed',
      rawInput: { command: 'ls' },
      content: [{ type: 'content', content: { type: 'text', text: 'a.txt' } }],
    }),
    chunk('agent', 'There is a.txt.', 'a1'),
    chunk('user', 'Twice', 'u2'),
    chunk('user', 'Thrice', 'u3'),
  ];
  const text = (of: string) => [{ type: 'text', text: of }];
  expect(messagesOf(replay)).toEqual([
    { role: 'user', at: '', parts: text('Look around') },
    {
      role: 'agent',
      at: '',
      parts: [
        { type: 'tool', tool: 'bash', status: 'completed', input: { command: 'ls' }, output: 'a.txt' },
        ...text('There is a.txt.'),
      ],
    },
    { role: 'user', at: '', parts: text('Twice') },
    { role: 'user', at: '', parts: text('Thrice') },
  ]);
});

test('a tool runs from its call to its end, or until the model goes on', () => {
  const said = new Said();
  const running = () => said.running.map(({ step }) => step);
  said.on(call({ rawInput: { command: 'npm test' } }));
  said.on(step({ status: 'in_progress' }));
  expect(running()).toEqual(['bash: npm test']);
  said.on(step({ status: 'completed' }));
  said.on(step({ title: 'Tested' }));
  expect(running()).toEqual([]);
  said.on(call({ toolCallId: 'c2' }));
  expect(running()).toEqual(['bash']);
  said.on(chunk('agent', 'I go on.'));
  expect(running()).toEqual([]);
});
