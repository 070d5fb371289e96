/**
 * The config of the directory in which a session works counts, wherever its worker was started: on
 * the real stack, through the command, MCP and the library.
 */
import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';
import { SessionManager } from '../../src/client/session-manager.js';
import { loadConfig } from '../../src/config.js';
import type { Failure } from '../../src/contract/failures.js';
import type { TurnResult } from '../../src/contract/types.js';
import { mcpClientIn } from '../support/mcp-client.js';
import { upBench, type Up, type UpBench } from './up-command.js';

const OTHER = 'scripted/other';
let bench: UpBench;
let up: Up;
let env: Record<string, string>;

beforeAll(async () => {
  bench = await upBench('callers', (dir) => ({ HOME: dir, XDG_STATE_HOME: join(dir, 'state') }));
  env = { HOME: bench.dir, XDG_STATE_HOME: join(bench.dir, 'state'), CONTINUITY_DATA_DIR: bench.dataDir };
  // What the worker's own directory says is for sessions that work there.
  await configIn('work', { onLost: 'replace', categories: { ours: of('Ours.') } });
  up = await bench.up();
});
afterAll(() => bench?.dispose());

const of = (description: string) => ({ description, instructions: `${description} [[say: as a category says]]` });

async function configIn(name: string, content: object | string): Promise<string> {
  const cwd = join(bench.dir, name);
  await mkdir(join(cwd, '.git'), { recursive: true });
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  // As an editor writes it: the whole file at once.
  await writeFile(join(cwd, 'new'), text);
  await rename(join(cwd, 'new'), join(cwd, 'continuity.config.json'));
  return cwd;
}

async function delegateIn(cwd: string, ...words: string[]): Promise<TurnResult & { error?: Failure }> {
  const { stdout, stderr } = await bench.continuity(['delegate', '--json', ...words], { cwd });
  const last = (stdout || stderr).trim().split('\n').at(-1) ?? '';
  return JSON.parse(last) as TurnResult;
}

async function deleteInOpenCode(session: string): Promise<void> {
  const record = await readFile(join(bench.dataDir, 'agents', 'opencode', 'server.json'), 'utf8');
  const { port, password } = JSON.parse(record) as { port: number; password: string };
  const authorization = `Basic ${Buffer.from(`opencode:${password}`).toString('base64')}`;
  const deleted = await fetch(`http://127.0.0.1:${port}/session/${session}`, {
    method: 'DELETE',
    headers: { authorization },
  });
  expect(deleted.status).toBe(200);
}

const trust = (cwd: string) => bench.continuity(['trust'], { cwd });

test('the model and the categories of the directory count, on every surface', async () => {
  const cwd = await configIn('model', {
    agents: { opencode: { model: OTHER } },
    categories: { theirs: of('Theirs.') },
  });
  const byCommand = await delegateIn(cwd, '--topic', 'model-cli', 'Hello [[say: hi]]');
  expect(byCommand).toMatchObject({ status: 'completed', model: OTHER });
  expect((await bench.continuity(['show', 'model-cli'])).stdout).toContain(OTHER);

  const mcp = await mcpClientIn({ cwd, env: { ...env, TEMPORAL_ADDRESS: up.address } });
  try {
    const { content } = await mcp.call('delegate_task', { topic: 'model-mcp', category: 'theirs', prompt: 'Hello' });
    expect(content).toMatchObject({ status: 'completed', model: OTHER });
  } finally {
    await mcp.close();
  }

  const config = await loadConfig({ cwd, dataDir: bench.dataDir, env });
  await using manager = await SessionManager.connect({ cwd, config, address: up.address });
  const byLibrary = await manager.delegate('model-lib', 'Hello [[say: hi]]', { category: 'theirs' });
  expect(byLibrary).toMatchObject({ status: 'completed', model: OTHER });
  await expect(manager.delegate('model-ours', 'Hello', { category: 'ours' })).rejects.toMatchObject({
    failure: { code: 'CATEGORY_UNKNOWN' },
  });
  // What the caller names another directory for is decided there.
  const there = await manager.delegate('model-there', 'Hello', { cwd: join(bench.dir, 'work'), category: 'ours' });
  expect(there).toMatchObject({ status: 'completed' });
  expect(there.model).not.toBe(OTHER);
});

test('the limits of the directory count, and a changed file counts from the next turn on', async () => {
  const cwd = await configIn('limits', {});
  const first = await delegateIn(cwd, '--topic', 'limits', 'Wait [[slow: 1500]] [[say: slept]]');
  expect(first).toMatchObject({ status: 'completed', reply: 'slept' });
  await configIn('limits', { limits: { turnTimeout: '1s' } });
  const second = await delegateIn(cwd, '--topic', 'limits', 'Wait again [[slow: 60000]] [[say: slept]]');
  expect(second).toMatchObject({ status: 'failed', error: { code: 'TURN_TIMED_OUT' }, session_id: first.session_id });
  await configIn('limits', { agents: { opencode: { model: OTHER } } });
  // A default only serves to open a session.
  const third = await delegateIn(cwd, '--topic', 'limits', 'And again [[slow: 1500]] [[say: slept]]');
  expect(third).toMatchObject({ status: 'completed', model: first.model });
  expect(third.model).not.toBe(OTHER);
});

test('checks and programs of the directory count once its user trusts the file, and not before', async () => {
  const cwd = await configIn('checks', { checks: { local: 'listed', allow: ['true'] } });
  const words = ['--check', 'touch checked', 'Work [[say: done]]'];
  // As without a config: a caller on this host may run any check.
  expect(await delegateIn(cwd, '--topic', 'checks-1', ...words)).toMatchObject({ status: 'completed' });
  expect(await readdir(cwd)).toContain('checked');
  await rm(join(cwd, 'checked'));
  await trust(cwd);
  expect(await delegateIn(cwd, '--topic', 'checks-2', ...words)).toMatchObject({
    error: { code: 'CHECK_NOT_ALLOWED' },
  });
  expect(await delegateIn(cwd, '--topic', 'checks-2', '--check', 'true', 'Work')).toMatchObject({
    status: 'completed',
  });
  expect(await readdir(cwd)).not.toContain('checked');
});

test('what is trusted in one project is not trusted in another that links to it', async () => {
  const trusted = await configIn('trusted', { checks: { allow: ['touch checked'] } });
  await trust(trusted);
  const hostile = join(bench.dir, 'hostile');
  await mkdir(join(hostile, '.git'), { recursive: true });
  await symlink(join(trusted, 'continuity.config.json'), join(hostile, 'continuity.config.json'));
  const mcp = await mcpClientIn({ cwd: bench.dir, env: { ...env, TEMPORAL_ADDRESS: up.address } });
  const checks = [{ run: 'touch checked' }];
  const asked = (topic: string, cwd: string) =>
    mcp.call('delegate_task', { topic, cwd, checks, prompt: 'Work [[say: done]]' });
  try {
    expect((await asked('linked', hostile)).content.error).toMatchObject({ code: 'CHECK_NOT_ALLOWED' });
    expect((await asked('trusted', trusted)).content).toMatchObject({ status: 'completed' });
  } finally {
    await mcp.close();
  }
});

test('onLost is that of the directory in which the session was opened', async () => {
  const cwd = await configIn('lost', { onLost: 'fail' });
  const first = await delegateIn(cwd, '--topic', 'lost', 'Hello [[say: hi]]');
  const { session_id } = first;
  await deleteInOpenCode(session_id!);
  expect(await delegateIn(cwd, '--topic', 'lost', 'And?')).toMatchObject({
    status: 'failed',
    error: { code: 'SESSION_LOST' },
    session_id,
  });
});

test('a file that is broken, or huge, or no file, fails the prompt or does not count', async () => {
  const outside = join(bench.dir, 'outside');
  await mkdir(outside);
  const config = await loadConfig({ cwd: outside, dataDir: bench.dataDir, env });
  await using manager = await SessionManager.connect({ cwd: outside, config, address: up.address });
  const asked = (cwd: string, topic: string) => manager.delegate(topic, 'Work [[say: done]]', { cwd });

  const broken = await configIn('broken', '{ "limits": { "turnTimeout": "soon" } }');
  expect(await asked(broken, 'broken')).toMatchObject({
    status: 'failed',
    error: {
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(join(broken, 'continuity.config.json')) as string,
    },
  });
  const huge = await configIn('huge', `{}${' '.repeat(100_000_000)}`);
  expect(await asked(huge, 'huge')).toMatchObject({ error: { code: 'CONFIG_INVALID' } });

  const pipe = join(bench.dir, 'pipe');
  await mkdir(join(pipe, '.git'), { recursive: true });
  execFileSync('mkfifo', [join(pipe, 'continuity.config.json')]);
  expect(await asked(pipe, 'pipe')).toMatchObject({ status: 'completed' });

  // Broken while its session is open: the next turn says so, and goes on once it is mended.
  const mended = await configIn('mended', {});
  const first = await asked(mended, 'mended');
  await configIn('mended', '{');
  expect(await asked(mended, 'mended')).toMatchObject({
    status: 'failed',
    session_id: first.session_id,
    error: { code: 'CONFIG_INVALID' },
  });
  await configIn('mended', {});
  expect(await asked(mended, 'mended')).toMatchObject({ status: 'completed', session_id: first.session_id });
});

test('an agent that only the directory has works there, with its own program if the file is trusted', async () => {
  const cwd = await configIn('agents', {
    agents: { reviewer: { kind: 'opencode', model: OTHER }, opencode: { kind: 'opencode', path: './not-there' } },
  });
  expect(await delegateIn(cwd, '--topic', 'agents', '--agent', 'reviewer', 'Look [[say: seen]]')).toMatchObject({
    status: 'completed',
    agent: 'reviewer',
    model: OTHER,
  });
  expect((await bench.continuity(['transcript', 'agents'], { cwd: bench.dir })).stdout).toContain('seen');
  await trust(cwd);
  // The server that all sessions share has one program.
  expect(await delegateIn(cwd, '--topic', 'agents-2', '--agent', 'opencode', 'Look')).toMatchObject({
    error: { code: 'CONFIG_INVALID', message: expect.stringContaining('agents.opencode.path') as string },
  });
});

test('a caller whose environment names another config is refused, with what differs', async () => {
  const cwd = await configIn('differs', {});
  const mine = join(bench.dir, 'mine.json');
  await writeFile(mine, JSON.stringify({ onLost: 'fail', agents: { opencode: { model: OTHER } } }));
  const { stderr, exitCode } = await bench.continuity(['delegate', '--topic', 'differs', 'Work'], {
    cwd,
    env: { CONTINUITY_CONFIG: mine },
  });
  expect(stderr).toContain('CONFIG_DIFFERS');
  expect(stderr).toContain('agents.opencode.model, onLost');
  expect(stderr).toContain(mine);
  expect(exitCode).toBe(2);
  // The same words in another file are the same config.
  await cp(mine, join(cwd, 'continuity.config.json'));
  const { stdout } = await bench.continuity(['delegate', '--json', '--topic', 'differs', 'Work'], {
    cwd,
    env: { CONTINUITY_CONFIG: mine },
  });
  expect(JSON.parse(stdout)).toMatchObject({ status: 'completed', model: OTHER });
  const doctor = await bench.continuity(['doctor', '--json'], { cwd, env: { CONTINUITY_CONFIG: mine } });
  expect(doctor.stdout).toContain(mine);

  const config = await loadConfig({ cwd, dataDir: bench.dataDir, env });
  await using manager = await SessionManager.connect({
    cwd,
    config: { ...config, onLost: 'replace' },
    address: up.address,
  });
  await expect(manager.delegate('differs', 'Work')).rejects.toMatchObject({
    failure: { code: 'CONFIG_DIFFERS', message: expect.stringContaining('onLost') as string },
  });
});

test('a config that is broken while a turn runs fails one prompt; what is queued waits until it is mended', async () => {
  const cwd = await configIn('edited', {});
  await delegateIn(cwd, '--topic', 'edited', 'Begin [[say: done]]');
  await delegateIn(cwd, '--topic', 'edited', '--no-wait', 'Edit it [[slow: 4000]] [[say: done]]');
  await delegateIn(cwd, '--topic', 'edited', '--no-wait', '--id', 'hit', 'Work [[say: done]]');
  await delegateIn(cwd, '--topic', 'edited', '--no-wait', '--id', 'after', 'Work [[say: mended]]');
  await configIn('edited', '{');
  const outcome = async (id: string, ...words: string[]) => {
    const { stdout } = await bench.continuity(['outcome', 'edited', id, '--json', ...words]);
    return JSON.parse(stdout) as unknown;
  };
  expect(await outcome('hit', '--wait')).toMatchObject({ error: { code: 'CONFIG_INVALID' } });
  await expect
    .poll(async () => JSON.parse((await bench.continuity(['show', 'edited', '--json'])).stdout) as unknown)
    .toMatchObject({ running: { prompt_id: 'after', waiting: { because: { code: 'CONFIG_INVALID' } } } });
  await configIn('edited', {});
  await bench.continuity(['retry', 'edited']);
  expect(await outcome('after', '--wait')).toMatchObject({ status: 'completed', reply: 'mended' });
});
