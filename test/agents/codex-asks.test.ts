/** What Codex asks, with its own default permissions: the sandbox, and `on-request`. */
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { SessionRef } from '../../src/agents/agent.js';
import type { AgentDriver } from '../../src/agents/driver.js';
import { codexProgram } from '../../scripted/isolated-codex.js';
import { codexUnderTest, type CodexUnderTest } from './codex-under-test.js';
import { DriverTurn, turnOf } from './codex-turn.js';
import { never } from './run.js';

const isThere = codexProgram() !== undefined;
const patiently = { timeout: 30_000, interval: 50 };
const SERVER = fileURLToPath(new URL('../support/asking-mcp-server.mjs', import.meta.url));

describe.runIf(isThere)('what Codex asks (skipped where node scripts/fetch-agents.mjs codex was not run)', () => {
  let under: CodexUnderTest;
  let driver: AgentDriver;
  let turns: DriverTurn[] = [];
  let seeds = 0;
  beforeAll(async () => {
    under = await codexUnderTest();
    const toml = join(`${under.env['CODEX_HOME']}`, 'config.toml');
    await appendFile(
      toml,
      `[features]\ndefault_mode_request_user_input = true\n[mcp_servers.desk]\ncommand = "${process.execPath}"\nargs = ["${SERVER}", "${join(under.dir, 'notes')}"]\n`,
    );
    driver = under.driver();
  });
  afterEach(() => {
    for (const turn of turns) turn.detach();
    turns = [];
  });
  afterAll(async () => {
    await driver?.close({ stop: true });
    await under?.dispose();
  });

  async function open(): Promise<SessionRef> {
    const title = `Topic ${++seeds}`;
    const opened = await driver.open({ seed: `seed ${seeds}`, title, cwd: under.cwd, model: under.model }, never);
    return { ...opened, model: under.model, cwd: under.cwd };
  }
  async function start(session: SessionRef, prompt: string): Promise<DriverTurn> {
    const turn = await turnOf(driver, session, prompt);
    turns.push(turn);
    return turn;
  }
  const call = (tool: string, input: object) => `[[tool: ${tool} ${JSON.stringify(input)}]]`;
  /** A command that the model wants to run outside of the sandbox. */
  const outside = (cmd: string) =>
    call('exec_command', { cmd, sandbox_permissions: 'require_escalated', justification: 'May I?' });
  /** Next to the working directory, where the sandbox may not write. */
  const file = (name: string) => join(under.dir, name);
  const append = (name: string) => `echo x >> ${file(name)}`;
  const contentOf = (name: string) => readFile(file(name), 'utf8').catch(() => '');
  const bodyOf = (text: string) => {
    const asked = under.asked().filter(({ asks }) => asks.at(-1)?.includes(text));
    return asked.at(-1)?.body ?? '';
  };

  test('a command outside of the sandbox is asked, and runs once after it was allowed', async () => {
    const turn = await start(await open(), `Allowed ${outside(append('allowed'))} [[say: Ran.]]`);
    const ask = await turn.asked();
    expect(ask).toEqual({
      ask_id: expect.any(String) as string,
      kind: 'permission',
      tool: 'bash',
      text: `${append('allowed')}\nOutside of the sandbox\nIn ${under.cwd}`,
      takes: ['allow', 'always', 'deny'],
    });
    expect(await contentOf('allowed')).toBe('');
    expect(turn.signals).toContainEqual({ type: 'blocked', on: expect.stringContaining('(May I?)') as string });
    await driver.answer?.(turn.session, ask, { decision: 'allow' });
    expect(await turn.ended()).toMatchObject({ status: 'completed', reply: 'Ran.' });
    expect(turn.signals).toContainEqual({ type: 'blocked' });
    expect(await driver.asks?.(turn.session)).toEqual([]);
    // An answer to an ask that is gone changes nothing.
    await driver.answer?.(turn.session, ask, { decision: 'deny' });
    expect(await contentOf('allowed')).toBe('x\n');
  });

  test('a denial and its text reach the model, and the turn goes on', async () => {
    const turn = await start(await open(), `Denied ${outside(append('denied'))} [[say: Understood.]]`);
    await driver.answer?.(turn.session, await turn.asked(), { decision: 'deny', text: 'Not on a Sunday' });
    expect(await turn.ended()).toMatchObject({ status: 'completed', reply: 'Understood.' });
    expect(await contentOf('denied')).toBe('');
    expect(bodyOf('Denied')).toMatch(/rejected by user.*Not on a Sunday/s);
    const next = await start(turn.session, 'Next [[say: Fine.]]');
    expect(await next.ended()).toMatchObject({ reply: 'Fine.' });
  });

  test('what is always allowed is not asked again in its session, not even by another Codex', async () => {
    const session = await open();
    const again = outside(append('always'));
    const turn = await start(session, `Always ${again} ${again} [[say: Twice.]]`);
    await driver.answer?.(session, await turn.asked(), { decision: 'always' });
    expect(await turn.ended()).toMatchObject({ reply: 'Twice.' });
    turn.detach();
    await under.kill();
    const next = await start(session, `Once more ${again} ${outside(append('other'))} [[say: Thrice.]]`);
    const ask = await next.asked();
    expect(ask.text).toContain(append('other'));
    expect(await contentOf('always')).toBe('x\nx\nx\n');
    await driver.answer?.(session, ask, { decision: 'allow' });
    expect(await next.ended()).toMatchObject({ reply: 'Thrice.' });
    const elsewhere = await start(await open(), `Elsewhere ${again} [[say: No.]]`);
    await driver.answer?.(elsewhere.session, await elsewhere.asked(), { decision: 'deny' });
    expect(await elsewhere.ended()).toMatchObject({ reply: 'No.' });
  });

  test('an ask outlives its worker, also while nobody follows the session', async () => {
    const [session, idle] = [await open(), await open()];
    const prompt = `Patient ${outside(append('patient'))} [[say: At last.]]`;
    const turn = await start(session, prompt);
    const ask = await turn.asked();
    const other = await start(idle, 'Idle [[say: Bye.]]');
    await other.ended();
    turn.detach();
    other.detach();
    // When Codex has unloaded the idle session, it would have unloaded the other one, too.
    const person = await under.client();
    const isLoaded = async ({ session_id }: SessionRef) =>
      ((await person.call('thread/loaded/list', {})) as { data: string[] }).data.includes(session_id);
    await vi.waitFor(async () => expect(await isLoaded(idle)).toBe(false), patiently);
    person.close();
    await driver.close({ stop: false });
    driver = under.driver();
    const next = new DriverTurn(driver, session, prompt);
    turns.push(next);
    expect(await next.look()).toMatchObject({ busy: 'this' });
    expect(await next.asked()).toEqual(ask);
    await driver.answer?.(session, ask, { decision: 'allow' });
    expect(await next.ended()).toMatchObject({ reply: 'At last.' });
    expect(await contentOf('patient')).toBe('x\n');
  });

  test('after a kill of Codex it is asked again under another name, and answered there', async () => {
    const session = await open();
    const turn = await start(session, `Killed ${outside(append('killed'))} [[say: Went on.]]`);
    const before = await turn.asked();
    await under.kill();
    await turn.put();
    const after = await turn.asked();
    expect({ ...after, ask_id: before.ask_id }).toEqual(before);
    expect(after.ask_id).not.toBe(before.ask_id);
    await driver.answer?.(session, before, { decision: 'deny' });
    expect(await turn.asked()).toEqual(after);
    await driver.answer?.(session, after, { decision: 'allow' });
    expect(await turn.ended()).toMatchObject({ status: 'completed', reply: 'Went on.' });
    expect(await contentOf('killed')).toBe('x\n');
    expect(await under.promptsIn(session)).toHaveLength(1);
  });

  test('an answer that a person gives in a Codex of their own counts', async () => {
    const turn = await start(await open(), `Shared ${outside(append('shared'))} [[say: Thanks.]]`);
    const ask = await turn.asked();
    const person = await under.client();
    onTestFinished(() => person.close());
    await person.call('thread/resume', { threadId: turn.session.session_id, excludeTurns: true });
    const held = () => person.held(turn.session.session_id);
    await vi.waitFor(() => expect(held()).toHaveLength(1), patiently);
    for (const request of held()) await person.answer(request, { decision: 'accept' });
    expect(await turn.ended()).toMatchObject({ reply: 'Thanks.' });
    await driver.answer?.(turn.session, ask, { decision: 'deny' });
    expect(await contentOf('shared')).toBe('x\n');
    expect(turn.signals).toContainEqual({ type: 'blocked' });
  });

  test('a change of a file outside of the sandbox is shown as the patch that it is', async () => {
    const patch = ['*** Begin Patch', `*** Add File: ${file('patched')}`, '+hello', '*** End Patch'].join('\n');
    const cmd = `apply_patch <<'EOF'\n${patch}\nEOF\n`;
    const turn = await start(await open(), `Patch ${call('exec_command', { cmd })} [[say: Patched.]]`);
    const ask = await turn.asked();
    expect(ask).toMatchObject({
      kind: 'permission',
      tool: 'apply_patch',
      text: expect.stringContaining(patch) as string,
    });
    await driver.answer?.(turn.session, ask, { decision: 'allow' });
    expect(await turn.ended()).toMatchObject({ reply: 'Patched.' });
    expect(await contentOf('patched')).toBe('hello\n');
  });

  test('a turn that is stopped while it asks leaves a session that works', async () => {
    const turn = await start(await open(), `Stopped ${outside(append('stopped'))}`);
    const ask = await turn.asked();
    await driver.abort(turn.session);
    expect(await turn.ended()).toMatchObject({ status: 'cancelled' });
    expect(await driver.asks?.(turn.session)).toEqual([]);
    await driver.answer?.(turn.session, ask, { decision: 'allow' });
    const next = await start(turn.session, 'Onwards [[say: Works.]]');
    expect(await next.ended()).toMatchObject({ status: 'completed', reply: 'Works.' });
    expect(await contentOf('stopped')).toBe('');
  });

  test('questions of the model are asked together, and the reply reaches it', async () => {
    const options = ['Red', 'Blue'].map((label) => ({ label, description: `${label}.` }));
    const questions = ['door', 'roof'].map((id) => ({ id, header: id, question: `Which colour?`, options }));
    const turn = await start(await open(), `Paint ${call('request_user_input', { questions })} [[say: Painted.]]`);
    const ask = await turn.asked();
    expect(ask).toMatchObject({ kind: 'question', tool: 'request_user_input', takes: ['reply', 'deny'] });
    expect(ask.text).toBe(
      '1. door: Which colour? (Red | Blue)\n2. roof: Which colour? (Red | Blue)\nReply with 2 lines, one for each.',
    );
    await driver.answer?.(turn.session, ask, { decision: 'reply', text: 'Red\nBlue' });
    expect(await turn.ended()).toMatchObject({ reply: 'Painted.' });
    for (const [id, colour] of Object.entries({ door: 'Red', roof: 'Blue' }))
      expect(bodyOf('Paint')).toContain(JSON.stringify(`"${id}":{"answers":["${colour}"]}`).slice(1, -1));
  });

  test('a tool of an MCP server is asked, and so is what the server itself wants to know', async () => {
    await rm(file('notes'), { force: true });
    const session = await open();
    const note = await start(session, `Note ${call('mcp__desk/note', { text: 'milk' })} [[say: Noted.]]`);
    const ask = await note.asked();
    expect(ask).toMatchObject({ kind: 'permission', tool: 'desk.note', takes: ['allow', 'always', 'deny'] });
    expect(ask.text).toContain('{"text":"milk"}');
    await driver.answer?.(session, ask, { decision: 'allow' });
    expect(await note.ended()).toMatchObject({ reply: 'Noted.' });
    expect(await contentOf('notes')).toBe('milk\n');
    const greet = await start(session, `Greet ${call('mcp__desk/greet', {})} [[say: Greeted.]]`);
    const question = await greet.asked();
    expect(question).toMatchObject({ kind: 'question', tool: 'desk', takes: ['reply', 'deny'] });
    expect(question.text).toBe('desk: Who are you?\n- name');
    await driver.close({ stop: false });
    driver = under.driver();
    expect(await driver.asks?.(session)).toEqual([question]);
    await driver.answer?.(session, question, { decision: 'reply', text: 'Ada' });
    const next = new DriverTurn(driver, session, greet.prompt);
    turns.push(next);
    expect(await next.ended()).toMatchObject({ reply: 'Greeted.' });
    expect(bodyOf('Greet')).toContain('Hello Ada');
  });

  test("nothing is asked where the person's own configuration says so", async () => {
    const quiet = await codexUnderTest();
    onTestFinished(() => quiet.dispose());
    const toml = join(`${quiet.env['CODEX_HOME']}`, 'config.toml');
    await writeFile(toml, `approval_policy = "never"\n${await readFile(toml, 'utf8')}`);
    const silent = quiet.driver();
    const opened = await silent.open({ seed: 'quiet', title: 'Quiet', cwd: quiet.cwd, model: quiet.model }, never);
    const session = { ...opened, model: quiet.model, cwd: quiet.cwd };
    const turn = await turnOf(silent, session, `Quiet ${outside('true')} [[say: Refused.]]`);
    expect(await turn.ended()).toMatchObject({ status: 'completed', reply: 'Refused.' });
    turn.detach();
    expect(turn.signals.some(({ type }) => type === 'blocked')).toBe(false);
    await silent.close({ stop: true });
  });
});
