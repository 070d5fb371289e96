/**
 * Every code of the failure table, as people meet it: the same three things on each surface on
 * which it can occur.
 */
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SessionManager } from '../../src/client/session-manager.js';
import { loadConfig, type Config } from '../../src/config.js';
import type { AnswerRequest } from '../../src/contract/asks.js';
import { failure, FAILURES, type Failure, type FailureCode } from '../../src/contract/failures.js';
import { readsOf } from '../../src/config/reads.js';
import { identityOf } from '../../src/host/process-identity.js';
import { writeWorkerState } from '../../src/host/worker-state.js';
import { ensureDataDir, holdDataDir } from '../../src/host/data-dir-lock.js';
import {
  delegateWords,
  McpServers,
  toldByCommand,
  toldByDelegate,
  toldByLibrary,
  type Asked,
  type ToldByCommand,
  type ToldByMcp,
} from '../support/surfaces.js';
import { commitTo, repositoryIn } from '../support/git.js';
import { startTemporal, startWorld, type World } from '../support/world.js';
import { continuityIn, type Surroundings, surroundingsOf } from './cli-command.js';

let world: World;
let here: Surroundings;
let config: Config;
const servers = new McpServers();
beforeAll(async () => {
  world = await startWorld({ worker: false });
  // A turn waits for no limit of a provider here, so that it ends.
  await world.startWorker({ config: { limits: { ...world.config.limits, quotaWaitMs: 0 } } });
  await writeFile(
    join(world.dir, 'continuity.config.json'),
    JSON.stringify({ agents: world.config.agents, defaultAgent: 'fake' }),
  );
  config = await loadConfig({ cwd: world.dir, dataDir: world.config.dataDir, env: { HOME: world.dir } });
  here = surroundingsOf(world);
});
afterAll(async () => {
  await servers.close();
  await world?.dispose();
});

const tested = new Set<string>();
const aTopic = () => `t-${randomUUID().slice(0, 8)}`;

function expectCommand(code: FailureCode, { stdout, stderr, exits, json }: ToldByCommand, said?: Failure): void {
  expect(json, stderr).toMatchObject({ code });
  expect(stderr).toContain(`${code}: ${json?.message}\n${json?.fix}\n`);
  expect(exits).toEqual([FAILURES[code].exit, FAILURES[code].exit]);
  if (said) expect(json).toEqual(said);
  else expect(stdout).toBe('');
}

function expectMcp(code: FailureCode, { structured, status, text, isError }: ToldByMcp, said: Failure): void {
  expect(structured).toEqual(said);
  expect(text).toContain(`${code}: ${said.message}\n${said.fix}`);
  expect(text).toMatch(new RegExp(`\\nstatus: ${status}\\n</task_metadata>$`));
  expect(isError).toBe(true);
}

/**
 * A prompt that is asked on every surface; where a turn ended so, under one id, so that each is
 * told of the same outcome.
 */
async function askedEverywhere(
  code: FailureCode,
  asked: Asked,
  {
    at = here,
    connect = () => world.connect({ config }),
  }: { at?: Surroundings; connect?: () => Promise<SessionManager> } = {},
): Promise<void> {
  tested.add(code);
  const said = await toldByDelegate(connect, asked);
  expect(said).toMatchObject({
    code,
    message: expect.stringMatching(/\S/) as string,
    fix: expect.stringMatching(/\S/) as string,
  });
  if (!said) return;
  const [command, mcp] = await Promise.all([
    toldByCommand(delegateWords(asked), at),
    servers.told('delegate_task', asked, at),
  ]);
  expectCommand(code, command, said);
  expectMcp(code, mcp, said);
}

const ended = (prompt: string, more: Partial<Asked> = {}): Asked => ({
  topic: aTopic(),
  prompt_id: randomUUID(),
  prompt,
  ...more,
});

test.concurrent.each<FailureCode>([
  'AGENT_NOT_FOUND',
  'AGENT_UNSUPPORTED',
  'AGENT_CRASHED',
  'AGENT_AUTH',
  'AGENT_RATE_LIMITED',
  'PROVIDER_UNREACHABLE',
  'MODEL_UNKNOWN',
  'MODEL_FAILED',
  'CONTEXT_OVERFLOW',
  'REPLY_CUT_OFF',
  'EMPTY_REPLY',
  'OUTCOME_UNKNOWN',
  'TURN_STALLED',
  'TURN_TIMED_OUT',
  'BUDGET_EXCEEDED',
  'COLD_SESSION',
  'HOST_UNAVAILABLE',
  'INTERNAL',
])('a turn that ended as %s', async (code) => {
  await askedEverywhere(code, ended(`[[fail: ${code}]]`));
});

describe.concurrent('a turn that did not complete:', () => {
  test('CANCELLED', async () => {
    const asked = ended('[[hang]]');
    await world.manager.submit(asked.topic, asked.prompt, { prompt_id: asked.prompt_id ?? '' });
    await expect.poll(async () => (await world.manager.view(`${asked.topic}`)).state).toBe('running');
    await world.manager.cancel(`${asked.topic}`, undefined, { reason: 'enough' });
    await askedEverywhere('CANCELLED', asked);
  });

  test('CHECKS_FAILED', () =>
    askedEverywhere('CHECKS_FAILED', ended('work', { checks: [{ run: 'echo red; exit 1' }], max_fixes: 0 })));

  test('CHECK_NOT_ALLOWED', () =>
    askedEverywhere('CHECK_NOT_ALLOWED', ended('work', { checks: [{ run: 'true' }] }), {
      connect: () => world.connect({ config, signsChecks: false }),
    }));

  test('SESSION_LOST', async () => {
    const { session_id } = await world.manager.delegate(aTopic(), 'one');
    world.agent.lose(session_id);
    await askedEverywhere('SESSION_LOST', { session_id: `${session_id}`, prompt_id: randomUUID(), prompt: 'two' });
  });

  test('SESSION_CORRUPTED', async () => {
    const { session_id } = await world.manager.delegate(aTopic(), '[[corrupt]]');
    await askedEverywhere('SESSION_CORRUPTED', { session_id: `${session_id}`, prompt_id: randomUUID(), prompt: 'two' });
  });
});

describe.concurrent('a prompt that is refused:', () => {
  test('INVALID_PROMPT', () => askedEverywhere('INVALID_PROMPT', { topic: aTopic(), prompt: ' ' }));
  test('PROMPT_TOO_LARGE', () => askedEverywhere('PROMPT_TOO_LARGE', { topic: aTopic(), prompt: 'x'.repeat(70_000) }));
  test('CATEGORY_UNKNOWN', () => askedEverywhere('CATEGORY_UNKNOWN', ended('work', { category: 'quik' })));
  test('AGENT_UNKNOWN', () => askedEverywhere('AGENT_UNKNOWN', ended('work', { agent: 'nobody' })));
  test('SESSION_UNKNOWN', () => askedEverywhere('SESSION_UNKNOWN', { session_id: 'ses_unknown', prompt: 'work' }));

  test('SESSION_PINNED', async () => {
    const { session_id } = await world.manager.delegate(aTopic(), 'one');
    await askedEverywhere('SESSION_PINNED', { session_id: `${session_id}`, prompt: 'two', agent: 'other' });
  });

  test('PROMPT_ID_REUSED', async () => {
    const asked = ended('one');
    await world.manager.delegate(asked.topic, asked.prompt, { prompt_id: asked.prompt_id ?? '' });
    await askedEverywhere('PROMPT_ID_REUSED', { ...asked, prompt: 'two' });
  });

  test('TOPIC_CLOSED', async () => {
    const [topic, gate] = [aTopic(), join(world.dir, randomUUID())];
    await world.manager.submit(topic, `[[until: ${gate}]]`);
    await world.manager.close(topic);
    await askedEverywhere('TOPIC_CLOSED', { topic, prompt: 'more' });
    await writeFile(gate, '');
  });

  test('QUEUE_FULL', async () => {
    const topic = aTopic();
    await world.manager.submit(topic, '[[hang]]');
    const filling = async (): Promise<Failure | undefined> =>
      (await toldByLibrary(() => world.manager.submit(topic, 'x'.repeat(60_000)).then(() => ({})))) ?? filling();
    expect(await filling()).toMatchObject({ code: 'QUEUE_FULL' });
    await askedEverywhere('QUEUE_FULL', { topic, prompt: 'x'.repeat(60_000) });
    await world.manager.close(topic, { now: true });
  });

  test('TOPIC_ELSEWHERE', async () => {
    const topic = aTopic();
    await world.manager.delegate(topic, 'one');
    const cwd = join(world.dir, 'another-project');
    await mkdir(join(cwd, '.git'), { recursive: true });
    await askedEverywhere(
      'TOPIC_ELSEWHERE',
      { topic, prompt: 'two' },
      { at: { ...here, cwd }, connect: () => world.connect({ cwd }) },
    );
  });

  test('WORKSPACE_UNAVAILABLE in a directory that is in no repository', async () => {
    await askedEverywhere('WORKSPACE_UNAVAILABLE', ended('work', { workspace: { mode: 'worktree' } }));
  });

  test('a work tree that cannot be merged yet is WORKSPACE_BUSY, WORKSPACE_UNFINISHED or MERGE_CONFLICT', async () => {
    await mkdir(world.config.dataDir, { recursive: true, mode: 0o700 });
    await writeFile(join(world.config.dataDir, 'host-id'), 'host-1\n'); // Of the worker.
    const [repository, gate] = [join(world.dir, 'repository'), join(world.dir, 'gate')];
    await repositoryIn(repository);
    const place = { cwd: repository, workspace: { mode: 'worktree' } } as const;
    const { topic, prompt_id } = await world.manager.submit(aTopic(), `[[until: ${gate}]] work`, place);
    const expectRefused = async (code: FailureCode) => {
      tested.add(code);
      const said = await toldByLibrary(() => world.manager.workspaces.merge(topic).then(() => ({})));
      expectCommand(code, await toldByCommand(['merge', topic], here, false), said);
    };
    await expect.poll(async () => (await world.manager.view(topic)).session_id).not.toBeNull();
    await expectRefused('WORKSPACE_BUSY');
    await writeFile(gate, '');
    const directory = `${(await world.manager.wait(topic, prompt_id)).workspace?.directory}`;
    await writeFile(join(directory, 'README.md'), 'theirs');
    await expectRefused('WORKSPACE_UNFINISHED');
    await commitTo(directory, 'README.md', 'theirs');
    await commitTo(repository, 'README.md', 'ours');
    await expectRefused('MERGE_CONFLICT');
  });

  test('CWD_MISSING, which the command sees before the host of the session does', async () => {
    tested.add('CWD_MISSING');
    const asked = ended('work', { cwd: join(world.dir, 'nowhere') });
    const said = await toldByDelegate(() => world.connect(), asked);
    expect(said).toMatchObject({
      code: 'CWD_MISSING',
      message: `Working directory ${asked.cwd} does not exist on host host-1.`,
    });
    if (said) expectMcp('CWD_MISSING', await servers.told('delegate_task', asked, here), said);
    expectCommand(
      'CWD_MISSING',
      await toldByCommand(delegateWords(asked), here),
      failure('CWD_MISSING', `Working directory ${asked.cwd} does not exist.`),
    );
  });

  test('CONFIG_INVALID', async () => {
    const cwd = join(world.dir, 'broken');
    await mkdir(cwd);
    await writeFile(join(cwd, 'continuity.config.json'), '{ "limits": { "turnTimeout": "soon" } }');
    await askedEverywhere(
      'CONFIG_INVALID',
      { prompt: 'work' },
      { at: { ...here, cwd }, connect: () => SessionManager.connect({ cwd, address: world.address }) },
    );
  });

  test('CONFIG_UNSAFE', async () => {
    const cwd = join(world.dir, 'writable');
    await mkdir(cwd);
    await writeFile(join(cwd, 'continuity.config.json'), '{}');
    await chmod(join(cwd, 'continuity.config.json'), 0o666);
    await askedEverywhere(
      'CONFIG_UNSAFE',
      { prompt: 'work' },
      { at: { ...here, cwd }, connect: () => SessionManager.connect({ cwd, address: world.address }) },
    );
  });

  test('CONFIG_DIFFERS', async () => {
    const cwd = join(world.dir, 'differs');
    const env = { HOME: cwd, CONTINUITY_CONFIG: join(cwd, 'mine.json'), CONTINUITY_DATA_DIR: join(cwd, 'data') };
    await mkdir(env.CONTINUITY_DATA_DIR, { recursive: true, mode: 0o700 });
    await writeFile(env.CONTINUITY_CONFIG, JSON.stringify({ onLost: 'fail' }));
    const worker = { ...(await identityOf(process.pid))!, host: 'h', reads: readsOf({ HOME: cwd }) };
    await writeWorkerState(env.CONTINUITY_DATA_DIR, worker);
    const connect = async () => world.connect({ cwd, config: await loadConfig({ cwd, env }) });
    const at = { cwd, env: { ...env, TEMPORAL_ADDRESS: world.address } };
    await askedEverywhere('CONFIG_DIFFERS', { prompt: 'work' }, { at, connect });
  });

  // No command ends with it, and none is kept from its work: it is a notice, and a finding of
  // doctor.
  test('CONFIG_UNTRUSTED', async () => {
    tested.add('CONFIG_UNTRUSTED');
    const cwd = join(world.dir, 'untrusted');
    await mkdir(cwd);
    await writeFile(join(cwd, 'continuity.config.json'), JSON.stringify({ checks: { allow: ['*'] } }));
    const { stdout, stderr, exitCode } = await continuityIn({ ...here, cwd })(['list', '--json']);
    expect(JSON.parse(stderr)).toMatchObject({ notice: { code: 'CONFIG_UNTRUSTED', keys: ['checks'] } });
    expect([typeof JSON.parse(stdout), exitCode]).toEqual(['object', 0]);
  });
});

describe.concurrent('an answer that is refused:', () => {
  const asking = async (prompt: string) => {
    const topic = aTopic();
    await world.manager.submit(topic, prompt);
    await expect.poll(async () => (await world.manager.view(topic)).state).toBe('waiting');
    return topic;
  };

  test.each<[FailureCode, AnswerRequest, string[]]>([
    ['ASK_UNKNOWN', { decision: 'allow', ask_id: 'another' }, ['--allow', '--ask', 'another']],
    ['INVALID_ANSWER', { decision: 'reply', text: 'yes' }, ['yes']],
  ])('%s', async (code, answer, words) => {
    tested.add(code);
    const topic = await asking('[[ask: bash | ls]]');
    const said = await toldByLibrary(() => world.manager.answer(topic, answer).then(() => ({})));
    expect(said).toMatchObject({ code });
    if (!said) return;
    // The command knows which words the person typed, and says more of what to do.
    expectCommand(code, await toldByCommand(['answer', topic, ...words], here));
    expectMcp(code, await servers.told('session_answer', { topic, ...answer }, here), said);
    await world.manager.cancel(topic);
  });
});

describe.concurrent('what it runs on:', () => {
  test('TEMPORAL_UNAVAILABLE', () =>
    askedEverywhere(
      'TEMPORAL_UNAVAILABLE',
      { prompt: 'work' },
      {
        at: { ...here, env: { ...here.env, TEMPORAL_ADDRESS: '127.0.0.1:1' } },
        connect: () => world.connect({ address: '127.0.0.1:1' }),
      },
    ));

  test('TOPIC_UNKNOWN', async () => {
    tested.add('TOPIC_UNKNOWN');
    const said = await toldByLibrary(() => world.manager.view('nobody').then(() => ({})));
    if (!said) throw new Error('There is a topic nobody.');
    expectCommand('TOPIC_UNKNOWN', await toldByCommand(['show', 'nobody'], here), said);
    expectMcp('TOPIC_UNKNOWN', await servers.told('session_view', { topic: 'nobody' }, here), said);
  });

  test.each<[FailureCode, string[], () => Promise<Record<string, string>>]>([
    [
      'SETUP_INCOMPLETE',
      ['up', '--port', '0', '--ui-port', '0'],
      () => Promise.resolve({ TEMPORAL_CLI_PATH: '/nowhere/temporal' }),
    ],
    [
      'DATA_DIR_UNSAFE',
      ['worker'],
      async () => {
        const dataDir = join(world.dir, 'open');
        await mkdir(dataDir, { mode: 0o755 });
        return { CONTINUITY_DATA_DIR: dataDir };
      },
    ],
    ['DATA_DIR_UNWRITABLE', ['worker'], () => Promise.resolve({ CONTINUITY_DATA_DIR: '/dev/null/data' })],
    [
      'DATA_DIR_LOCKED',
      ['worker'],
      async () => {
        const dataDir = join(world.dir, 'held');
        await ensureDataDir(dataDir);
        holdDataDir(dataDir, 'worker');
        return { CONTINUITY_DATA_DIR: dataDir };
      },
    ],
  ])('%s, which only who starts it meets', async (code, words, env) => {
    tested.add(code);
    expectCommand(
      code,
      await toldByCommand(
        words,
        { ...here, env: { ...here.env, CONTINUITY_DATA_DIR: join(world.dir, 'own'), ...(await env()) } },
        false,
      ),
    );
  });
});

test(
  'NO_WORKER where no worker ever polled, and the prompt is answered when one comes',
  { timeout: 180_000 },
  async () => {
    const idle = await startWorld({ worker: false });
    try {
      const asked = ended('work');
      const limits = { noWorkerAfter: '2s' };
      await writeFile(
        join(idle.dir, 'continuity.config.json'),
        JSON.stringify({ agents: idle.config.agents, defaultAgent: 'fake', limits }),
      );
      const at = { cwd: idle.dir, env: { TEMPORAL_ADDRESS: idle.address, CONTINUITY_DATA_DIR: idle.config.dataDir } };
      const manager = await idle.connect({ noWorkerAfterMs: 2000 });
      await askedEverywhere('NO_WORKER', asked, { at, connect: () => Promise.resolve(manager) });
      expect(await toldByLibrary(() => manager.view(`${asked.topic}`).then(() => ({})))).toMatchObject({
        code: 'NO_WORKER',
      });
      for await (const event of manager.watch(`${asked.topic}`)) {
        expect(event).toEqual({ type: 'unanswered' });
        break;
      }
      await idle.startWorker();
      expect(await manager.wait(`${asked.topic}`, `${asked.prompt_id}`)).toMatchObject({ status: 'completed' });
    } finally {
      await idle.dispose();
    }
  },
);

test('TOPIC_STUCK, not NO_WORKER, of a topic that does not answer although a worker polled a moment ago', async () => {
  tested.add('TOPIC_STUCK');
  const { topic } = await world.manager.delegate(aTopic(), 'one');
  await world.stopWorker();
  const said = await toldByLibrary(() => world.manager.view(topic).then(() => ({})));
  expect(said).toMatchObject({
    code: 'TOPIC_STUCK',
    message: expect.stringMatching(/A worker polled \d+ s ago/) as string,
  });
  const [command, mcp] = await Promise.all([
    toldByCommand(['show', topic], here),
    servers.told('session_view', { topic }, here),
  ]);
  expect(command).toMatchObject({
    exits: [7, 7],
    json: { code: 'TOPIC_STUCK' },
    stderr: expect.stringMatching(/^TOPIC_STUCK: /) as string,
  });
  expect(mcp).toMatchObject({ isError: true, structured: { code: 'TOPIC_STUCK' } });
  await world.startWorker();
});

test('a server that goes away under a client that is connected is TEMPORAL_UNAVAILABLE, whatever is asked', async () => {
  const server = await startTemporal();
  const manager = await SessionManager.connect({ address: server.address, config, cwd: world.dir });
  await server.teardown();
  const listed = async () => {
    for await (const { topic } of manager.list()) expect(topic).toBe('none');
    return {};
  };
  const said = await Promise.all([
    toldByLibrary(listed),
    toldByLibrary(() => manager.topicOf('ses_1').then(() => ({}))),
    toldByLibrary(() => manager.delegate(undefined, 'work', { session_id: 'ses_1' })),
    toldByLibrary(() => manager.view('any').then(() => ({}))),
    toldByLibrary(() => manager.fix('any', 'this')),
  ]);
  await manager.disconnect();
  expect(said.map((failed) => failed?.code)).toEqual(Array(said.length).fill('TEMPORAL_UNAVAILABLE'));
});

test('no code of the table is left out', () => {
  expect([...tested].sort()).toEqual(Object.keys(FAILURES).sort());
});
