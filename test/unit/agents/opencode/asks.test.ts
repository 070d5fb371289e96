import type { PermissionRequest, QuestionInfo, ToolPart } from '@opencode-ai/sdk/v2/client';
import { describe, expect, test } from 'vitest';
import { permissionAsk, questionAsk } from '../../../../src/agents/opencode/ask-of.js';
import { sameOf } from '../../../../src/agents/opencode/kept-answers.js';
import { answersTo, sameToAll } from '../../../../src/agents/opencode/question-reply.js';
import { firstTryOf } from '../../../../src/agents/opencode/sub-agents.js';
import { askText } from '../../../../src/agents/shared/ask-text.js';
import { answer } from './messages.js';

const request = (permission: string, patterns: string[], metadata: object = {}): PermissionRequest => ({
  id: 'per_1',
  sessionID: 'ses_1',
  permission,
  patterns,
  metadata: { ...metadata },
  always: ['*'],
});
const question = (options: string[] = [], more: Partial<QuestionInfo> = {}): QuestionInfo => ({
  question: 'Which?',
  header: 'Which',
  options: options.map((label) => ({ label, description: '' })),
  ...more,
});

describe('The text of an ask', () => {
  test.each([
    ['bash', { command: 'npm test', description: 'Tests', timeout: 5 }, {}, 'npm test'],
    ['bash', { command: 'rm -r out', workdir: 'app' }, {}, 'rm -r out\nworkdir: app'],
    ['read', { filePath: '/w/.env', limit: 5 }, {}, '/w/.env\nlimit: 5'],
    ['webfetch', { url: 'https://a.example', format: 'text' }, {}, 'https://a.example\nformat: text'],
    ['jira_create', { project: 'A', fields: { title: 'T' } }, {}, 'project: A\nfields: {"title":"T"}'],
    ['edit', { filePath: '/w/a', newString: 'b' }, { filepath: '/w/a', diff: '+b' }, '/w/a\n+b'],
    [
      'external_directory',
      { filePath: '/etc/x' },
      { filepath: '/etc/x' },
      '/etc/x\noutside of the working directory: p',
    ],
  ])('of %s is what the model gave to the tool', (permission, input, metadata, text) => {
    expect(permissionAsk(request(permission, ['p'], metadata), input).text).toBe(text);
  });

  test('says what is repeated, without what the model words anew', () => {
    const input = { command: 'npm test', description: 'Once more' };
    const { text } = permissionAsk(request('doom_loop', ['bash'], { tool: 'bash', input }));
    expect(text).toBe('bash is called again and again with the same input:\nnpm test');
  });

  test('is what is known where the call is not', () => {
    expect(permissionAsk(request('skill', ['deploy'])).text).toBe('deploy');
    expect(permissionAsk(request('bash', ['ls'], { command: 'ls -l' })).text).toBe('ls -l');
  });

  test('has no control character, and says of what it was cut', () => {
    expect(askText('a\u001b[2Jb\r\nc\u202ed\u0085')).toBe('a\uFFFD[2Jb\nc\uFFFDd\uFFFD');
    const [one, other] = ['1', '2'].map((end) => askText('x'.repeat(5_000) + end));
    expect(one).toHaveLength(2_000);
    expect(one).not.toBe(other);
  });

  test('of one question has its options beside it, and of several has them in it', () => {
    const one = questionAsk({ id: 'que_1', sessionID: 'ses_1', questions: [question(['A', 'B'], { multiple: true })] });
    expect(one).toMatchObject({ options: [{ label: 'A' }, { label: 'B' }], takes: ['reply', 'deny'] });
    expect(one.text).toBe('Which?\n(Several options can be chosen, one in a line.)');
    const both = questionAsk({ id: 'que_1', sessionID: 'ses_1', questions: [question(['A']), question()] });
    expect(both.options).toBeUndefined();
    expect(both.text).toMatch(/1\. Which\?\n {3}- A\n2\. Which\?$/);
  });
});

describe('A reply', () => {
  test.each([
    ['an option, however it is written', [question(['Use SQLite'])], 'use sqlite ', [['Use SQLite']]],
    ['any other text', [question(['A'])], 'Neither', [['Neither']]],
    ['several options', [question(['A', 'B', 'C'], { multiple: true })], 'a\nC', [['A', 'C']]],
    ['a text with a comma', [question(['A', 'B'], { multiple: true })], 'A, but later', [['A, but later']]],
    ['by number', [question(['A']), question()], '2) two\nlines\n1. a', [['A'], ['two\nlines']]],
    ['by number, not to all', [question(['A']), question()], '2. two', [[], ['two']]],
    ['one text to all', [question(['A']), question()], 'Whatever', [['Whatever'], ['Whatever']]],
    ['nothing', [question()], '', [[]]],
  ])('is taken: %s', (_, questions, reply, answers) => {
    expect(answersTo(questions, reply)).toEqual(answers);
  });

  test('that is none of the options is not taken where nothing else is', () => {
    const plan = question(['Yes', 'No'], { custom: false });
    expect(answersTo([plan], 'no')).toEqual([['No']]);
    expect(answersTo([plan], 'not yet')).toBeUndefined();
    expect(sameToAll([plan], 'declined')).toBeUndefined();
  });
});

test('"always" means the same command, whatever else OpenCode would take for the same', () => {
  const same = (command: string, patterns: string[]) => sameOf(request('bash', patterns, { command }));
  expect(same('npm test', ['npm test'])).toBe(same('npm test', ['npm test']));
  expect(same('export PATH=/tmp; npm test', ['npm test'])).not.toBe(same('npm test', ['npm test']));
  expect(sameOf(request('edit', ['a'], { diff: '+1' }))).toBe(sameOf(request('edit', ['a'], { diff: '+2' })));
  expect(sameOf(request('edit', ['a']))).not.toBe(sameOf(request('read', ['a'])));
});

describe('A sub-agent that was started again after a kill', () => {
  const task = (session: string, prompt: string, status: 'running' | 'completed' = 'running'): ToolPart => {
    const base = { input: { prompt }, title: '', metadata: { sessionId: session } };
    const state: ToolPart['state'] =
      status === 'running'
        ? { ...base, status, time: { start: 1 } }
        : { ...base, status, output: '', time: { start: 1, end: 2 } };
    return { id: session, sessionID: 's', messageID: 'm', type: 'tool', callID: session, tool: 'task', state };
  };
  const step = (...calls: ToolPart[]) => answer('msg_1', {}, ...calls);

  test('is named by its first session', () => {
    const steps = ['ses_1', 'ses_2', 'ses_3'].map((one) => step(task(one, 'Count')));
    expect(firstTryOf('ses_3', steps)).toBe('ses_1');
    expect(firstTryOf('ses_1', steps)).toBe('ses_1');
  });

  test('is another one than a sub-agent with another task, beside it, or before it', () => {
    const other = step(task('ses_1', 'Sum'));
    const beside = step(task('ses_2', 'Count'), task('ses_3', 'Count'));
    const ended = step(task('ses_4', 'Count', 'completed'));
    expect(firstTryOf('ses_3', [other, ended, beside])).toBe('ses_3');
    expect(firstTryOf('ses_9', [other])).toBe('ses_9');
  });
});
