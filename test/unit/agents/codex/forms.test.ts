import { describe, expect, test } from 'vitest';
import { scriptIn } from '../../../../src/agents/codex/script-in.js';
import { askText } from '../../../../src/agents/shared/ask-text.js';
import { FORMS } from '../../../../src/agents/codex/forms.js';
import type { Answer } from '../../../../src/contract/asks.js';

const COMMAND = 'item/commandExecution/requestApproval';
const QUESTIONS = 'item/tool/requestUserInput';
const ELICITATION = 'mcpServer/elicitation/request';
const ask = (method: string, params: object, input?: string) => FORMS[method]?.ask(params, input);
const result = (method: string, params: object, answer: Answer) => FORMS[method]?.result(params, answer);

describe('the text of an ask', () => {
  test('has no control character but the end of a line', () => {
    expect(askText('a\u001b[31mb\r\nc\td\u0000\u202e')).toBe('a\uFFFD[31mb\nc  d\uFFFD\uFFFD');
  });

  test('of two long texts that begin alike is not the same', () => {
    const [one, other] = [`${'x'.repeat(5_000)}1`, `${'x'.repeat(5_000)}2`].map((text) => askText(text));
    expect(one).not.toBe(other);
    expect(one).toHaveLength(2_000);
    expect(one).toContain('5001 characters');
  });

  test('has the script of a shell, if that can be read without a doubt', () => {
    expect(scriptIn("/bin/bash -lc 'npm test && ls'")).toBe('npm test && ls');
    expect(scriptIn('/bin/zsh -c "echo \'it\\$\'"')).toBe("echo 'it$'");
    expect(scriptIn('bash -lc ls')).toBe('ls');
    for (const other of ["bash -lc 'a' 'b'", 'bash -lc "$x"', 'bash -x script.sh', 'python -c 1'])
      expect(scriptIn(other)).toBe(other);
  });
});

describe('a command', () => {
  test('is shown with its directory, and with what it may do outside of the sandbox', () => {
    const params = { command: "/bin/bash -lc 'npm install'", cwd: '/repo', reason: 'May I?' };
    const input = JSON.stringify({ cmd: 'npm install', sandbox_permissions: 'require_escalated' });
    expect(ask(COMMAND, params, input)).toEqual({
      kind: 'permission',
      tool: 'bash',
      text: 'npm install\nOutside of the sandbox\nIn /repo',
      takes: ['allow', 'always', 'deny'],
    });
    expect(ask(COMMAND, params)?.text).toBe('npm install\nIn /repo');
    expect(ask(COMMAND, { networkApprovalContext: { host: 'example.org', protocol: 'https' } })?.text).toBe(
      'Network access to https://example.org',
    );
    expect(ask(COMMAND, { kind: 'writeStdin', command: 'write_stdin' }, input)?.takes).toEqual(['allow', 'deny']);
  });

  test('is answered with the decision, and a denial lets the turn go on', () => {
    expect(result(COMMAND, {}, { decision: 'allow' })).toEqual({ decision: 'accept' });
    expect(result(COMMAND, {}, { decision: 'always' })).toEqual({ decision: 'acceptForSession' });
    expect(result(COMMAND, {}, { decision: 'deny' })).toEqual({ decision: 'decline' });
  });
});

describe('permissions that the model asks for', () => {
  const params = { permissions: { network: { enabled: true } } };
  const method = 'item/permissions/requestApproval';
  test('are granted for the turn or for the session, or not at all', () => {
    expect(ask(method, params)?.text).toBe('{"network":{"enabled":true}}');
    expect(result(method, params, { decision: 'allow' })).toEqual({ ...params, scope: 'turn' });
    expect(result(method, params, { decision: 'always' })).toEqual({ ...params, scope: 'session' });
    expect(result(method, params, { decision: 'deny' })).toEqual({ permissions: {}, scope: 'turn' });
  });
});

describe('questions of the model', () => {
  const colour = { id: 'a', question: 'Which colour?', options: [{ label: 'Red', description: 'warm' }] };
  const size = { id: 'b', header: 'Size', question: 'Which size?', options: null };

  test('one question has its options', () => {
    expect(ask(QUESTIONS, { questions: [colour] })).toEqual({
      kind: 'question',
      tool: 'request_user_input',
      text: 'Which colour?',
      options: [{ label: 'Red', description: 'warm' }],
      takes: ['reply', 'deny'],
    });
    expect(result(QUESTIONS, { questions: [colour] }, { decision: 'reply', text: 'Red\nish' })).toEqual({
      answers: { a: { answers: ['Red\nish'] } },
    });
  });

  test('several are asked together, and answered line by line', () => {
    const questions = { questions: [colour, size] };
    const asked = ask(QUESTIONS, questions);
    expect(asked?.text).toBe('1. Which colour? (Red)\n2. Size: Which size?\nReply with 2 lines, one for each.');
    expect(asked).not.toHaveProperty('options');
    const answers = (a: string, b: string) => ({ answers: { a: { answers: [a] }, b: { answers: [b] } } });
    expect(result(QUESTIONS, questions, { decision: 'reply', text: 'Red\nXL\n' })).toEqual(answers('Red', 'XL'));
    expect(result(QUESTIONS, questions, { decision: 'reply', text: 'you choose' })).toEqual(
      answers('you choose', 'you choose'),
    );
  });

  test('that nobody answers have no answer, or the reason', () => {
    expect(result(QUESTIONS, { questions: [colour] }, { decision: 'deny' })).toEqual({
      answers: { a: { answers: [] } },
    });
    expect(JSON.stringify(result(QUESTIONS, { questions: [colour] }, { decision: 'deny', text: 'ask Ada' }))).toContain(
      'ask Ada',
    );
  });
});

describe('what an MCP server asks', () => {
  const form = (properties: object) => ({
    serverName: 'shop',
    mode: 'form',
    message: 'Your order?',
    requestedSchema: { type: 'object', properties },
  });

  test('each field of a form has its type', () => {
    const params = form({ note: { type: 'string' }, count: { type: 'integer' }, gift: { type: 'boolean' } });
    expect(ask(ELICITATION, params)?.text).toContain('gift (true | false)');
    expect(result(ELICITATION, params, { decision: 'reply', text: 'for Ada\n3\nyes' })).toMatchObject({
      action: 'accept',
      content: { note: 'for Ada', count: 3, gift: true },
    });
    expect(result(ELICITATION, params, { decision: 'deny' })).toMatchObject({ action: 'decline', content: null });
  });

  test('one field offers what it has to choose from', () => {
    const params = form({ size: { type: 'string', enum: ['s', 'l'], enumNames: ['Small', 'Large'] } });
    expect(ask(ELICITATION, params)).toMatchObject({
      kind: 'question',
      options: [
        { label: 's', description: 'Small' },
        { label: 'l', description: 'Large' },
      ],
    });
    const hostile = form({
      size: { type: 'string', enum: Array.from({ length: 99 }, () => `\u001b${'x'.repeat(999)}`) },
    });
    const { options = [] } = ask(ELICITATION, { ...hostile, serverName: 'sh\u0007op' }) ?? {};
    expect(options).toHaveLength(50);
    expect(options[0]?.label).toBe(`\uFFFD${'x'.repeat(199)}`);
  });

  test('a page to open, or nothing to fill in, is allowed or not', () => {
    const page = { serverName: 'shop', mode: 'url', message: 'Log in', url: 'https://example.org/login' };
    expect(ask(ELICITATION, page)).toMatchObject({
      kind: 'permission',
      text: 'shop: Log in\nhttps://example.org/login',
      takes: ['allow', 'deny'],
    });
    expect(result(ELICITATION, form({}), { decision: 'allow' })).toMatchObject({ action: 'accept', content: {} });
  });

  test('a call of its tool is allowed for the session only if Codex takes that', () => {
    const call = (persist?: string[]) => ({
      ...form({}),
      _meta: {
        codex_approval_kind: 'mcp_tool_call',
        tool_name: 'buy',
        tool_params: { n: 1 },
        ...(persist && { persist }),
      },
    });
    expect(ask(ELICITATION, call(['session', 'always']))).toMatchObject({
      tool: 'shop.buy',
      text: 'Your order?\n{"n":1}',
      takes: ['allow', 'always', 'deny'],
    });
    expect(ask(ELICITATION, call())?.takes).toEqual(['allow', 'deny']);
    expect(result(ELICITATION, call(['session']), { decision: 'always' })).toMatchObject({
      _meta: { persist: 'session' },
    });
  });
});
