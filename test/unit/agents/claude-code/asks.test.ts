import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { actionOf } from '../../../../src/agents/claude-code/asked.js';
import { partsOf } from '../../../../src/agents/claude-code/asks.js';
import { GateFiles } from '../../../../src/agents/claude-code/gate-files.js';

const request = (tool_name: string, input: Record<string, unknown>) => ({ tool_name, input });
const asksOf = (tool: string, input: Record<string, unknown>) =>
  partsOf({ ...request(tool, input), name: '1-x', answered: [] }).map(({ ask }) => ask);
const textOf = (tool: string, input: Record<string, unknown>) => asksOf(tool, input)[0]?.text;

describe('a person reads', () => {
  it('what is to be done first, then the rest, and no remark of the model', () => {
    expect(textOf('Bash', { command: 'npm test', description: 'Harmless', timeout: 5 })).toBe('npm test');
    expect(textOf('Bash', { dangerouslyDisableSandbox: true, command: 'ls' })).toBe(
      'ls ⏎ dangerouslyDisableSandbox: true',
    );
    expect(textOf('Edit', { file_path: '/a', old_string: 'x', new_string: 'y' })).toBe(
      '/a ⏎ old_string: x ⏎ new_string: y',
    );
    expect(textOf('mcp__db__drop', { table: 'users' })).toBe('{"table":"users"}');
  });

  it('no character that does something to a terminal, or that hides', () => {
    expect(textOf('Bash', { command: 'a\r\nb\tc\u001b[2Jd\u202ee\u200bf\u0085' })).toBe(
      'a ⏎ b c<U+001B>[2Jd<U+202E>e<U+200B>f<U+0085>',
    );
  });

  it('the start and the end of a long text, and another text for each', () => {
    const long = (middle: string) =>
      textOf('Bash', { command: `start ${'x'.repeat(3000)}${middle}${'😀'.repeat(600)} end` }) ?? '';
    expect(long('a')).toMatch(/^start x.* end$/u);
    expect(long('a').length).toBeLessThanOrEqual(2000);
    expect(Buffer.from(long('a')).toString()).toBe(long('a')); // No half of a character.
    expect(long('a')).toBe(long('a'));
    expect(long('a')).not.toBe(long('b'));
  });
});

describe('always', () => {
  it('is the same command, any change of the same file, or the same input of another tool', () => {
    const same = (one: ReturnType<typeof request>, other: ReturnType<typeof request>) =>
      actionOf(one) === actionOf(other);
    expect(
      same(
        request('Bash', { command: 'ls', description: 'x' }),
        request('Bash', { command: 'ls', description: 'y', timeout: 1 }),
      ),
    ).toBe(true);
    expect(same(request('Bash', { command: 'ls' }), request('Bash', { command: 'ls -a' }))).toBe(false);
    expect(
      same(request('Bash', { command: 'ls' }), request('Bash', { command: 'ls', dangerouslyDisableSandbox: true })),
    ).toBe(false);
    expect(
      same(request('Edit', { file_path: '/a', new_string: 'x' }), request('Write', { file_path: '/a', content: 'y' })),
    ).toBe(true);
    expect(same(request('Edit', { file_path: '/a' }), request('Edit', { file_path: '/b' }))).toBe(false);
    expect(same(request('Edit', { file_path: '/a' }), request('Read', { file_path: '/a' }))).toBe(false);
    expect(same(request('mcp__a', { x: 1 }), request('mcp__a', { x: 2 }))).toBe(false);
    expect(same(request('mcp__a', { x: 1 }), request('mcp__b', { x: 1 }))).toBe(false);
  });
});

describe('a question', () => {
  it('is one ask each, with its options; what is no list of questions is a permission', () => {
    const options = [{ label: 'A', description: 'first' }, { label: 'B' }];
    const questions = [
      { header: 'H', question: 'One?', options },
      { question: 'Two?', options, multiSelect: true },
    ];
    expect(asksOf('AskUserQuestion', { questions })).toEqual([
      { ask_id: '1-x/1', kind: 'question', text: 'H: One?', options, takes: ['reply', 'deny'] },
      {
        ask_id: '1-x/2',
        kind: 'question',
        text: 'Two? (Several can be chosen: separate them by commas.)',
        options,
        takes: ['reply', 'deny'],
      },
    ]);
    expect(asksOf('AskUserQuestion', { questions: 'x' })).toMatchObject([{ kind: 'permission' }]);
  });
});

describe('the files of the gate', () => {
  let folder: string;
  let files: GateFiles;
  const uuid = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'continuity-gate-'));
    files = new GateFiles(folder);
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('list what is open, oldest first, with the parts that are answered', async () => {
    expect(await files.open()).toEqual([]);
    for (const n of [10, 9]) await files.add(`${n}-${uuid(1)}`, request('Bash', { command: `${n}` }));
    await files.answer(`10-${uuid(1)}`, 1, { behavior: 'allow' });
    expect(await files.open()).toMatchObject([
      { name: `9-${uuid(1)}`, answered: [], input: { command: '9' } },
      { name: `10-${uuid(1)}`, answered: [1] },
    ]);
    await files.remove(`10-${uuid(1)}`);
    expect(await files.answerTo(`10-${uuid(1)}`, 1)).toBeUndefined();
    expect(await files.open()).toHaveLength(1);
    await files.clear();
    expect(await files.open()).toEqual([]);
  });

  it('keep the first answer, and what is always allowed', async () => {
    const name = `1-${uuid(1)}`;
    await files.add(name, request('Bash', { command: 'x' }));
    await files.answer(name, 0, { behavior: 'allow' });
    await files.answer(name, 0, { behavior: 'deny', message: 'no' });
    expect(await files.answerTo(name, 0)).toEqual({ behavior: 'allow' });
    await files.allowAlways('x');
    await files.clear();
    expect(await Promise.all([files.isAlwaysAllowed('x'), files.isAlwaysAllowed('y')])).toEqual([true, false]);
  });
});
