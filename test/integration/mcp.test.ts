/** `continuity mcp` with the official client, on a real Temporal server, with the fake agent. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CallToolResult, Progress } from '@modelcontextprotocol/client';
import { execa } from 'execa';
import { countTokens } from 'gpt-tokenizer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answerOf, mcpClientIn, type McpClient } from '../support/mcp-client.js';
import { rawServer } from '../support/raw-mcp-server.js';
import { startWorld, type World } from '../support/world.js';
import { CONTINUITY, loadedBy, type Surroundings, surroundingsOf, TELLS_WHAT_IT_LOADS } from './cli-command.js';

let world: World;
let surroundings: Surroundings;
let mcp: McpClient;
beforeAll(async () => {
  world = await startWorld();
  surroundings = surroundingsOf(world);
  mcp = await mcpClientIn(surroundings);
});
afterAll(async () => {
  await mcp?.close();
  await world?.dispose();
});

const aTopic = () => `t-${randomUUID().slice(0, 8)}`;
const aGate = () => join(world.dir, randomUUID());
const running = (topic: string, promptId: string) =>
  expect
    .poll(async () => (await world.manager.outcome(topic, promptId).catch(() => undefined))?.state, { timeout: 60_000 })
    .toBe('running');

describe('the tools', () => {
  test('say what they are for, what they take and what they answer', async () => {
    const { tools } = await mcp.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      'delegate_task',
      'session_outcome',
      'session_view',
      'session_list',
      'session_answer',
      'session_cancel',
    ]);
    for (const { description, inputSchema } of tools) {
      expect(description?.length).toBeGreaterThan(100);
      expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
    }
    expect(countTokens(JSON.stringify({ tools }))).toBeLessThanOrEqual(4000); // Every client pays them at its start.
    const agents = expect.stringContaining('opencode, claude-code, codex') as string;
    expect(tools[0]?.inputSchema).toMatchObject({ properties: { agent: { description: agents } } });
  });

  test('are told before anything of Temporal is loaded', async () => {
    const server = rawServer(surroundings, { env: TELLS_WHAT_IT_LOADS });
    server.open();
    server.send({ id: 1, method: 'tools/list' });
    await expect.poll(() => server.answer(1)?.result, { timeout: 60_000 }).toBeDefined();
    server.child.stdin.end();
    await server.ended;
    const loaded = loadedBy(server.stderr()).join('\n');
    expect(loaded).toContain('@modelcontextprotocol/server');
    expect(loaded).not.toContain('@temporalio');
  });

  test('a follow-up by session_id resumes the session that the first call opened', async () => {
    const first = await mcp.call('delegate_task', { prompt: 'one' });
    expect(first.content).toMatchObject({ status: 'completed', session: { kind: 'new' }, turn: 1 });
    const { session_id, topic } = first.content;
    const second = await mcp.call('delegate_task', { session_id, prompt: 'two' });
    expect(second.content).toMatchObject({
      status: 'completed',
      session: { kind: 'resumed' },
      session_id,
      topic,
      turn: 2,
    });
    expect(second.text).toBe(
      `prompt 2 here: two; the first was: one\n\n<task_metadata>\nsession_id: ${session_id}\ntopic: ${topic}\nprompt_id: ${second.content.prompt_id}\nstatus: completed\n</task_metadata>`,
    );
    expect(second.isError).toBe(false);
  });

  test('are there for the Inspector, which speaks the protocol as clients of the first SDK do', async () => {
    const inspector = fileURLToPath(import.meta.resolve('@modelcontextprotocol/inspector-cli/build/index.js'));
    // It looks for its own version in ../package.json (1.0.3).
    const options = {
      cwd: dirname(CONTINUITY),
      env: { PATH: process.env.PATH ?? '', HOME: world.dir, ...surroundings.env },
      extendEnv: false,
    } as const;
    const inspected = async (...words: string[]) => {
      const { stdout } = await execa(
        process.execPath,
        [inspector, process.execPath, CONTINUITY, 'mcp', ...words],
        options,
      );
      return JSON.parse(stdout) as { tools: { name: string }[] } & CallToolResult;
    };
    expect((await inspected('--method', 'tools/list')).tools.map(({ name }) => name)).toContain('delegate_task');
    const args = ['--method', 'tools/call', '--tool-name', 'delegate_task', '--tool-arg', 'prompt=inspected'];
    expect(answerOf(await inspected(...args)).content).toMatchObject({
      status: 'completed',
      session: { kind: 'new' },
      reply: expect.stringContaining('inspected') as string,
    });
  });

  test('a new session on a topic is there for the reason that is given, and the text says so', async () => {
    const topic = aTopic();
    const first = await mcp.call('delegate_task', { topic, prompt: 'one' });
    const fresh = await mcp.call('delegate_task', { topic, session: 'new', reason: 'fresh eyes', prompt: 'two' });
    expect(fresh.content.session).toEqual({ kind: 'new', reason: 'fresh eyes' });
    expect(fresh.content.session_id).not.toBe(first.content.session_id);
    expect(fresh.text).toContain('Session: new, fresh eyes.');
  });

  test('a reply of 200,000 characters is sent once, cut to what clients take, and read on from where it was cut', async () => {
    const [topic, prompt_id] = [aTopic(), `p-${randomUUID()}`];
    const asked = { topic, prompt_id, prompt: '[[big: 200000]]' };
    const whole = 'x'.repeat(200_000);
    for (const first of [
      await mcp.call('delegate_task', asked),
      await mcp.call('session_outcome', { topic, prompt_id }),
    ]) {
      expect(first.content.status).toBe('completed');
      const texts = [first];
      while (texts.at(-1)!.content.shown!.to < whole.length) {
        const { text, content } = texts.at(-1)!;
        const offset = Number(/call session_outcome with .* offset (\d+)\./.exec(text)?.[1]);
        expect(offset).toBe(content.shown?.to);
        texts.push(await mcp.call('session_outcome', { topic, prompt_id, offset }));
      }
      expect(texts.map(({ content }) => content.reply).join('')).toBe(whole);
      for (const { text } of texts) expect(countTokens(text)).toBeLessThanOrEqual(20_000);
    }
    const wire = await mcp.client.callTool({ name: 'session_outcome', arguments: { topic, prompt_id } });
    expect(wire.structuredContent).toBeUndefined();
    expect(JSON.stringify(wire).match(/x{500}/g)?.length).toBe(Math.floor(answerOf(wire).content.reply.length / 500));
    const beyond = await mcp.call('session_outcome', { topic, prompt_id, offset: 200_000 });
    expect(beyond.content.error).toMatchObject({
      code: 'INVALID_PROMPT',
      message: expect.stringContaining('"offset" must be below 200000') as string,
    });
  });

  test('a long turn is accepted when the wait is over, and its outcome is there when it is asked for', async () => {
    const [topic, gate, prompt_id] = [aTopic(), aGate(), `p-${randomUUID()}`];
    const asked = { topic, prompt_id, prompt: `[[until: ${gate}]] [[say: in the end]]` };
    expect((await mcp.call('delegate_task', { ...asked, wait_seconds: 0 })).content).toEqual({
      status: 'accepted',
      topic,
      prompt_id,
    });
    await running(topic, prompt_id);
    const accepted = await mcp.call('delegate_task', { ...asked, wait_seconds: 0.5 }); // The same id: the same prompt.
    expect(accepted).toMatchObject({
      isError: false,
      content: { status: 'accepted', topic, state: 'running', session_id: expect.stringMatching(/^ses_/) as string },
    });
    expect(accepted.text).toMatch(
      /call session_outcome[\s\S]+<task_metadata>\nsession_id: ses_\w+\ntopic: .+\nprompt_id: p-.+\nstatus: accepted\n<\/task_metadata>$/,
    );
    const queued = await mcp.call('delegate_task', { topic, prompt: 'next', wait_seconds: 0 });
    expect(
      (await mcp.call('session_outcome', { topic, prompt_id: queued.content.prompt_id, wait_seconds: 0 })).content,
    ).toMatchObject({ status: 'accepted', state: 'queued', position: 1 });
    const waiting = mcp.call('session_outcome', { topic, prompt_id, wait_seconds: 30 });
    await writeFile(gate, '');
    expect((await waiting).content).toMatchObject({ status: 'completed', reply: 'in the end', prompt_id });
  });

  test('the wait is what --wait says where the call says nothing', async () => {
    const hasty = await mcpClientIn(surroundings, ['--wait', '0.5']);
    const topic = aTopic();
    expect((await hasty.call('delegate_task', { topic, prompt: '[[hang]]' })).content.status).toBe('accepted');
    await world.manager.cancel(topic);
    await hasty.close();
  });

  test('what the agent does is told while the call waits', async () => {
    const [topic, gate] = [aTopic(), aGate()];
    const told: Progress[] = [];
    const waiting = mcp.call(
      'delegate_task',
      { topic, prompt: `[[until: ${gate}]] [[say: done]]` },
      { onprogress: (progress) => told.push(progress) },
    );
    await expect
      .poll(() => told.filter(({ message }) => message === 'reading').length, { timeout: 60_000 })
      .toBeGreaterThan(1);
    await writeFile(gate, '');
    expect((await waiting).content.reply).toBe('done');
    const steps = told.map(({ progress }) => progress);
    expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
  });

  test('session_view and session_list tell what there is; session_cancel stops the turn; each by topic or session_id', async () => {
    const topic = aTopic();
    const { session_id } = (await mcp.call('delegate_task', { topic, prompt: '[[big: 2000]]' })).content;
    const { prompt_id } = (await mcp.call('delegate_task', { session_id, prompt: '[[hang]]', wait_seconds: 0 }))
      .content;
    await running(topic, prompt_id);
    const view = await mcp.call('session_view', { session_id });
    expect(view.content).toMatchObject({
      topic,
      session_id,
      state: 'running',
      running: { prompt_id },
      outcomes: [{ status: 'completed', reply_truncated: true, reply: 'x'.repeat(500) }],
    });
    expect(view.text).toContain(`session_id: ${session_id}\ntopic: ${topic}\nstatus: running`);
    await expect
      .poll(async () => (await mcp.call('session_list')).content, { timeout: 60_000 })
      .toMatchObject({ topics: expect.arrayContaining([expect.objectContaining({ topic, session_id })]) as object[] });
    expect((await mcp.call('session_list', { limit: 1 })).content).toMatchObject({ topics: [{}], more: true });
    expect((await mcp.call('session_cancel', { topic })).content).toMatchObject({
      topic,
      prompt_id,
      effect: 'stopping',
    });
    const cancelled = await mcp.call('session_outcome', { topic, prompt_id });
    expect(cancelled).toMatchObject({
      isError: true,
      content: { status: 'cancelled', session_id, error: { code: 'CANCELLED' } },
    });
    expect((await mcp.call('session_cancel', { session_id })).content).toMatchObject({ effect: 'nothing_running' });
    expect((await mcp.call('delegate_task', { session_id, prompt: 'on' })).content.session.kind).toBe('resumed');
  });
});

describe('a call that fails says code, what is wrong and what to do, as text and as JSON', () => {
  test('a failed turn keeps its session', async () => {
    const { content, text, isError } = await mcp.call('delegate_task', { prompt: '[[fail: MODEL_FAILED]]' });
    expect(content).toMatchObject({
      status: 'failed',
      error: { code: 'MODEL_FAILED', fix: expect.stringContaining('send a follow-up') as string },
    });
    expect(text).toMatch(
      new RegExp(
        `^MODEL_FAILED: .+\\nRead what the provider said[\\s\\S]+session_id: ${content.session_id}[\\s\\S]+status: failed\\n</task_metadata>$`,
      ),
    );
    expect(isError).toBe(true);
    expect(
      (await mcp.call('delegate_task', { session_id: content.session_id, prompt: 'again' })).content.session.kind,
    ).toBe('resumed');
  });

  test('arguments are taken as clients send them: null, JSON in strings, and the names of another tool', async () => {
    const strict = { prompt: '[[say: One.]]', session_id: null, topic: null, checks: null, wait_seconds: '30' };
    const { content: first } = await mcp.call('delegate_task', strict);
    expect(first).toMatchObject({ status: 'completed', reply: 'One.', session: { kind: 'new' } });
    const two = { description: 'Two', load_skills: [], prompt: '[[say: Two.]]', topic: first.topic };
    const { content: second } = await mcp.call('delegate_task', two);
    expect(second).toMatchObject({ status: 'completed', reply: 'Two.', session_id: first.session_id });
    const three = { run_in_background: 'true', prompt: '[[say: Three.]]', task_id: first.session_id };
    const { content: third } = await mcp.call('delegate_task', three);
    expect(third).toMatchObject({ status: 'accepted', topic: first.topic });
  });

  test.each<[string, string, object, string, RegExp]>([
    [
      'a misspelt field',
      'delegate_task',
      { prompt: 'x', sesion_id: 'ses_1' },
      'INVALID_PROMPT',
      /Unrecognized key: "sesion_id"/,
    ],
    ['no prompt', 'delegate_task', {}, 'INVALID_PROMPT', /Field "prompt": .*expected string/],
    ['a blank prompt', 'delegate_task', { prompt: ' ' }, 'INVALID_PROMPT', /must not be blank/],
    [
      'a session and a new one at once',
      'delegate_task',
      { prompt: 'x', session_id: 'ses_1', session: 'new' },
      'INVALID_PROMPT',
      /contradict/,
    ],
    [
      'a wait without bounds',
      'delegate_task',
      { prompt: 'x', wait_seconds: 100_000 },
      'INVALID_PROMPT',
      /Field "wait_seconds": .*600/,
    ],
    [
      'an unknown category',
      'delegate_task',
      { prompt: 'x', category: 'qick' },
      'CATEGORY_UNKNOWN',
      /Use one of: .*quick/,
    ],
    ['an unknown session', 'delegate_task', { prompt: 'x', session_id: 'ses_nobody' }, 'SESSION_UNKNOWN', /ses_nobody/],
    [
      'the outcome of an unknown topic',
      'session_outcome',
      { topic: 'nobody', prompt_id: 'p' },
      'TOPIC_UNKNOWN',
      /nobody/,
    ],
    ['the view of nothing', 'session_view', {}, 'INVALID_PROMPT', /Neither field "topic" nor field "session_id"/],
    ['the view of an unknown topic', 'session_view', { topic: 'nobody' }, 'TOPIC_UNKNOWN', /nobody/],
    ['cancelling in an unknown topic', 'session_cancel', { topic: 'nobody' }, 'TOPIC_UNKNOWN', /nobody/],
  ])('%s', async (_, tool, args, code, message) => {
    const { content, text, isError } = await mcp.call(tool, args);
    expect([isError, content.error?.code]).toEqual([true, code]);
    expect(content.error?.message).toMatch(message);
    expect(text.startsWith(`${code}: ${content.error?.message}\n${content.error?.fix}\n`)).toBe(true);
    expect(text).toMatch(/status: error\n<\/task_metadata>$/);
  });

  test('a prompt that a topic does not know, and a session of another topic', async () => {
    const topic = aTopic();
    const { session_id } = (await mcp.call('delegate_task', { topic, prompt: 'one' })).content;
    expect(
      (await mcp.call('session_outcome', { topic, prompt_id: 'p-never', wait_seconds: 0 })).content.error?.code,
    ).toBe('OUTCOME_UNKNOWN');
    expect((await mcp.call('session_view', { topic: aTopic(), session_id })).content.error?.code).toBe(
      'SESSION_PINNED',
    );
  });

  test('Temporal that does not answer; the next call tries again, and finds it where it is then', async () => {
    const file = join(world.dir, 'temporal.toml');
    const at = (address: string) => writeFile(file, `[profile.default]\naddress = "${address}"\n`);
    await at('127.0.0.1:1');
    const early = await mcpClientIn({
      cwd: world.dir,
      env: { TEMPORAL_CONFIG_FILE: file, CONTINUITY_DATA_DIR: world.config.dataDir },
    });
    expect((await early.client.listTools()).tools).toHaveLength(6);
    const refused = await early.call('delegate_task', { topic: aTopic(), prompt: 'one' });
    expect(refused).toMatchObject({
      isError: true,
      content: {
        error: { code: 'TEMPORAL_UNAVAILABLE', fix: expect.stringContaining('continuity up') as string },
        prompt_id: expect.stringMatching(/^p-/) as string,
      },
    });
    await at(world.address);
    expect(
      (await early.call('delegate_task', { topic: aTopic(), prompt: 'one', prompt_id: refused.content.prompt_id }))
        .content,
    ).toMatchObject({ status: 'completed', prompt_id: refused.content.prompt_id });
    await early.close();
  });

  test('a worker that is away: the prompt is accepted, its ids are reported, and it is answered once there is one', async () => {
    const topic = aTopic();
    await world.stopWorker();
    const { content, text, isError } = await mcp.call('delegate_task', {
      topic,
      prompt: '[[say: kept]]',
      wait_seconds: 1,
    });
    expect([isError, content.error, content.topic]).toEqual([false, undefined, topic]);
    expect(text).toContain(`prompt_id: ${content.prompt_id}\nstatus: accepted`);
    await world.startWorker();
    expect((await mcp.call('session_outcome', { topic, prompt_id: content.prompt_id })).content.reply).toBe('kept');
  });
});

describe('whatever a client does', () => {
  test('a call that is cancelled stops the waiting, not the turn, and the next call is answered', async () => {
    const [topic, gate, prompt_id] = [aTopic(), aGate(), `p-${randomUUID()}`];
    const cancelled = new AbortController();
    const waiting = mcp.call(
      'delegate_task',
      { topic, prompt_id, prompt: `[[until: ${gate}]] [[say: went on]]` },
      { signal: cancelled.signal },
    );
    await running(topic, prompt_id);
    cancelled.abort();
    await expect(waiting).rejects.toThrow();
    expect((await mcp.call('session_view', { topic })).content).toMatchObject({ state: 'running' });
    await writeFile(gate, '');
    expect((await mcp.call('session_outcome', { topic, prompt_id })).content).toMatchObject({
      status: 'completed',
      reply: 'went on',
    });
  });

  test('twenty calls at once are twenty answers', async () => {
    const topic = aTopic();
    const calls = Array.from({ length: 20 }, (_, number) =>
      mcp.call('delegate_task', { prompt: `[[say: ${number}]]`, ...(number % 2 && { topic }) }),
    );
    expect((await Promise.all(calls)).map(({ content }) => content.reply)).toEqual(
      Array.from({ length: 20 }, (_, number) => `${number}`),
    );
  });
});
