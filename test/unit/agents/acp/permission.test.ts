import { expect, test } from 'vitest';
import { permissionOf } from '../../../../src/agents/acp/permission.js';
import type { Answer } from '../../../../src/contract/asks.js';
import type { SessionId } from '../../../../src/contract/ids.js';

const session = 's-1' as SessionId;
const options = (...kinds: string[]) => kinds.map((kind, at) => ({ kind, optionId: `o${at}`, name: `Do ${at}` }));
const COMMON = options('allow_once', 'allow_always', 'reject_once');
const toolCall = { toolCallId: 't', title: 'rm -rf build', kind: 'execute', rawInput: { command: 'rm -rf build' } };

const asking = (params: unknown, call: { tool: string; subject?: string } | undefined = undefined) =>
  permissionOf('id', params, { session, call: () => call });
function askOf(params: unknown, call?: { tool: string; subject?: string }) {
  const [ask, ...more] = asking(params, call).asks;
  expect(more).toEqual([]);
  if (!ask) throw new Error('Nothing is asked.');
  return ask;
}
const outcomeOf = (params: unknown, answer: Answer) => asking(params).take(askOf(params), answer);
const selected = (optionId: string) => ({ outcome: { outcome: 'selected', optionId } });
const CANCELLED = { outcome: { outcome: 'cancelled' } };

test('a permission shows the tool and the command, and takes what the agent offers', () => {
  const asked = { sessionId: session, toolCall, options: COMMON };
  expect(askOf(asked)).toEqual({
    ask_id: 'id',
    kind: 'permission',
    tool: 'execute',
    text: 'rm -rf build',
    takes: ['allow', 'always', 'deny'],
  });
  expect(askOf(asked, { tool: 'bash', subject: 'rm' })).toMatchObject({ tool: 'bash', text: 'rm -rf build' });
  expect(outcomeOf(asked, { decision: 'allow' })).toEqual(selected('o0'));
  expect(outcomeOf(asked, { decision: 'always' })).toEqual(selected('o1'));
  expect(outcomeOf(asked, { decision: 'deny', text: 'Not now.' })).toEqual(selected('o2'));
});

test('a denial is never for ever, and can be given where the agent offers none', () => {
  const only = (...kinds: string[]) => ({ sessionId: session, toolCall, options: options(...kinds) });
  expect(outcomeOf(only('allow_once', 'reject_always'), { decision: 'deny' })).toEqual(CANCELLED);
  expect(outcomeOf(only('reject_always', 'reject_once'), { decision: 'deny' })).toEqual(selected('o1'));
  expect(askOf(only('allow_always')).takes).toEqual(['always', 'deny']);
});

test('an agent that offers nothing, or nothing that is known, can only be denied', () => {
  for (const offered of [[], undefined, 'x', options('bored'), [{ kind: 'allow_once' }, 7, null]]) {
    const asked = { sessionId: session, toolCall, options: offered };
    expect(askOf(asked).takes).toEqual(['deny']);
    expect(outcomeOf(asked, { decision: 'deny' })).toEqual(CANCELLED);
  }
  expect(askOf('nonsense')).toMatchObject({ kind: 'permission', takes: ['deny'] });
});

test('of several that are remembered none is taken for the session, because the agent does not say which one is', () => {
  const asked = { toolCall, options: options('allow_once', 'allow_always', 'allow_always', 'reject_once') };
  expect(askOf(asked).takes).toEqual(['allow', 'deny']);
});

test('several ways to allow it once are a question, whose reply chooses one', () => {
  const asked = { toolCall: { title: 'Which database?' }, options: options('allow_once', 'allow_once', 'reject_once') };
  expect(askOf(asked)).toEqual({
    ask_id: 'id',
    kind: 'question',
    text: 'Which database?',
    options: [{ label: 'Do 0' }, { label: 'Do 1' }],
    takes: ['reply', 'deny'],
  });
  expect(outcomeOf(asked, { decision: 'reply', text: ' do 1 ' })).toEqual(selected('o1'));
  expect(outcomeOf(asked, { decision: 'reply', text: 'o0' })).toEqual(selected('o0'));
  expect(outcomeOf(asked, { decision: 'deny' })).toEqual(selected('o2'));
});

test('a reply that chooses none of them is asked for again, under another name', () => {
  const asked = asking({ toolCall: { title: 'Which one?' }, options: options('allow_once', 'allow_once') });
  const [ask] = asked.asks;
  if (!ask) throw new Error('Nothing is asked.');
  expect(asked.take(ask, { decision: 'reply', text: 'both' })).toBeUndefined();
  const [again] = asked.asks;
  expect(again).toEqual({
    ...ask,
    ask_id: 'id.again1',
    text: '"both" is not what can be answered here. ⏎ Which one?',
  });
  expect(asked.take(ask, { decision: 'reply', text: 'Do 1' })).toEqual(selected('o1'));
});

test('the end of a long command is shown, whatever else there is to show', () => {
  const command = `echo ${'x'.repeat(5_000)}; rm -rf /`;
  const { text } = askOf({ toolCall: { rawInput: { command, more: 'y'.repeat(5_000) } }, options: COMMON });
  expect(text).toMatch(/^echo x+ … x+; rm -rf \/ ⏎ more: y+ … y+$/);
  expect(text).toHaveLength(2_000);
});

test('a thousand options are bounded, and each can be chosen', () => {
  const asked = { toolCall, options: options(...Array<string>(1000).fill('allow_once')) };
  expect(askOf(asked).options).toHaveLength(50);
  expect(outcomeOf(asked, { decision: 'reply', text: 'Do 999' })).toEqual(selected('o999'));
});

test('another session is that of a sub-agent, and one that is no id is left out', () => {
  expect(askOf({ sessionId: 'child', toolCall, options: COMMON }).session_id).toBe('child');
  for (const sessionId of [session, undefined, 7, 'a\nb', '', 'x'.repeat(500)])
    expect(askOf({ sessionId, toolCall, options: COMMON })).not.toHaveProperty('session_id');
});

test('what a person needs in order to decide is there, the short before the long, and nothing twice', () => {
  const outside = {
    toolCallId: 't',
    title: 'cat /etc/hostname',
    kind: 'other',
    locations: [{ path: '/etc' }],
    rawInput: { command: 'cat /etc/hostname', directories: ['/etc'], patterns: ['/etc/*'] },
  };
  expect(askOf({ toolCall: outside, options: COMMON }).text).toBe(
    'cat /etc/hostname ⏎ patterns: ["/etc/*"] ⏎ directories: ["/etc"]',
  );
  const written = { title: 'Write notes.md', rawInput: { content: 'x'.repeat(10_000), file_path: '/work/notes.md' } };
  const { text } = askOf({ toolCall: written, options: COMMON });
  expect(text).toMatch(/^\/work\/notes\.md ⏎ Write notes\.md ⏎ content: xxx/);
  expect(text).toHaveLength(2_000);
  const diff = { title: 'Edit', content: [{ type: 'diff', path: '/a', oldText: 'old', newText: 'new' }] };
  expect(askOf({ toolCall: diff, options: COMMON }).text).toBe('Edit ⏎ /a: old → new');
});

test('no control character reaches a person', () => {
  const evil = { title: 'ls\u001b[2K\u0007\u202e', rawInput: { command: 'a\r\nb\tc\u0000\u2028d' } };
  const { text } = askOf({ toolCall: evil, options: [{ kind: 'allow_once', optionId: 'x', name: 'Y\u001b' }] });
  expect(text).not.toMatch(/[\p{Cc}\p{Zl}\u202e]/u);
  expect(text).toContain('a ⏎ b c\uFFFD ⏎ d');
});
