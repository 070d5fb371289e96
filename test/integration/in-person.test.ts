/**
 * A person at a terminal, with a worker of its own and the real OpenCode: the verification loop
 * through a crash, the conversation, the agent's own interface.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandInTerminal } from '../support/in-terminal.js';
import { startWorkerStage, until, type WorkerStage } from '../support/worker-stage.js';

let stage: WorkerStage;
beforeAll(async () => {
  stage = await startWorkerStage();
  const worker = stage.worker();
  await until(() => worker.said().includes('worker is ready'));
});
afterAll(() => stage?.dispose());

const json = (text: string) => JSON.parse(text) as Record<string, unknown>;

const inTerminal = (words: string[], columns = 80) =>
  commandInTerminal(words, { cwd: stage.opencode.cwd, env: { ...stage.env }, columns });

test('kill -9 of the worker in mid-check: the check runs again, what it started is gone, and the loop goes on to its end', async () => {
  const { cwd } = stage.opencode;
  const [fixed, pids, gate] = ['fixed', 'pids', 'gate'].map((name) => join(cwd, `loop.${name}`)) as [
    string,
    string,
    string,
  ];
  const check = `sleep 300 & echo "$$ $!" >> ${pids}; test -e ${gate} || sleep 300; test -e ${fixed} || { echo "not fixed: [[bash: touch ${fixed}]]"; exit 3; }`;
  const asked = stage.continuity([
    'delegate',
    '--topic',
    'loop',
    '--id',
    'loop-1',
    '--check',
    check,
    '--max-fixes',
    '2',
    '--json',
    'Do it',
  ]);
  await until(() => existsSync(pids));
  const [shell = 0, sleeper = 0] = readFileSync(pids, 'utf8').trim().split(' ').map(Number);
  const before = stage.holder();
  writeFileSync(gate, '');
  process.kill(before, 'SIGKILL');
  const next = stage.worker();
  await until(() => next.said().includes('worker is ready'));
  const { stdout, exitCode, stderr } = await asked;
  expect(exitCode, stderr).toBe(0);
  expect(json(stdout)).toMatchObject({
    status: 'completed',
    turn: 2,
    checks: {
      passed: true,
      rounds: [
        { turn: 1, ran: [{ exit_code: 3, left_behind: 1 }] },
        { turn: 2, prompt_id: '@fix/1/loop-1', ran: [{ exit_code: 0 }] },
      ],
    },
  });
  expect(readFileSync(pids, 'utf8').trim().split('\n')).toHaveLength(3);
  for (const pid of [shell, sleeper]) expect(existsSync(`/proc/${pid}`)).toBe(false);
  const prompts = await stage.opencode.promptsIn({ session_id: json(stdout).session_id } as never);
  expect(prompts).toEqual(['Do it', expect.stringMatching(/^Failed: `sleep 300/)]);
});

test('a check that still fails is told as CHECKS_FAILED, with its output and the exit code of the table', async () => {
  const { stdout, stderr, exitCode } = await stage.continuity([
    'delegate',
    '--topic',
    'unfixed',
    '--check',
    'echo "3 tests failed"; exit 1',
    '--max-fixes',
    '0',
    'Do it',
  ]);
  expect(exitCode).toBe(5);
  expect(stdout).toBe('You asked first: "Do it".\n');
  expect(stderr).toContain('3 tests failed');
  expect(stderr).toMatch(/checks not passed after 0 fixes/);
  expect(stderr).toContain(
    'CHECKS_FAILED: `echo "3 tests failed"; exit 1` ended with exit code 1. No fix was asked for.',
  );
  for (const flags of [
    ['--max-fixes', 'many', '--check', 'true'],
    ['--check-timeout', '1m'],
    ['--max-fixes', '2'],
    ['--check', 'true', '--check-timeout', 'soon'],
  ]) {
    expect(await stage.continuity(['delegate', '--topic', 'never', ...flags, 'x'])).toMatchObject({
      exitCode: 2,
      stdout: '',
    });
  }
});

describe('a session in person', () => {
  let session = '';
  beforeAll(async () => {
    const { stdout } = await stage.continuity([
      'delegate',
      '--topic',
      'talk',
      '--json',
      'Look around [[bash: echo seen; echo more]]',
    ]);
    session = String(json(stdout).session_id);
    await stage.continuity(['also', 'talk', 'what did you see?']);
  });

  test('transcript prints the whole conversation, by topic and by session', async () => {
    const [byTopic, bySession, asJson] = await Promise.all([
      stage.continuity(['transcript', 'talk']),
      stage.continuity(['transcript', session]),
      stage.continuity(['transcript', 'talk', '--json']),
    ]);
    expect(byTopic.stderr).toBe('');
    expect(byTopic.stdout).toBe(bySession.stdout);
    expect(byTopic.stdout).toMatch(
      /^you {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\nLook around .*\n\nopencode .*scripted\/model\n· bash echo seen; echo more \(completed\) → seen more\n/,
    );
    expect(byTopic.stdout).toContain('Also: what did you see?');
    expect(json(asJson.stdout)).toMatchObject({
      session_id: session,
      agent: 'opencode',
      messages: expect.arrayContaining([expect.objectContaining({ role: 'user' })]) as unknown[],
    });
  });

  test('open brings its interface into the terminal, on the running server, and what is asked there is in the session', async () => {
    const { terminal, seen } = inTerminal(['open', 'talk'], 100);
    await until(() => seen().includes('what did you see?'));
    terminal.stdin.write('Typed by a person');
    await until(() => seen().includes('person'));
    terminal.stdin.write('\r');
    await until(async () =>
      (await stage.opencode.promptsIn({ session_id: session } as never)).includes('Typed by a person'),
    );
    terminal.kill('SIGTERM');
    await terminal;
    const next = await stage.continuity(['delegate', '--session', session, 'and now?']);
    expect(next.stdout).toContain('"Typed by a person"');
  });

  test('open tells which program that is, without the password; without a terminal it says that it needs one', async () => {
    const { stdout } = await stage.continuity(['open', session, '--json']);
    expect(json(stdout)).toMatchObject({
      session_id: session,
      args: [
        'attach',
        expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
        '--session',
        session,
        '--dir',
        stage.opencode.cwd,
      ],
      cwd: stage.opencode.cwd,
    });
    expect(stdout).not.toContain((await stage.opencode.server()).password);
    expect(await stage.continuity(['open', 'talk'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('needs a terminal') as string,
    });
  });

  test('what is not there, or on another host, says so', async () => {
    expect(await stage.continuity(['transcript', 'nothing-of-it'])).toMatchObject({
      exitCode: 3,
      stdout: '',
      stderr: expect.stringContaining('nothing-of-it') as string,
    });
    const elsewhere = await stage.continuity([
      'transcript',
      'talk',
      '--data-dir',
      join(stage.opencode.dir, 'elsewhere'),
    ]);
    expect(elsewhere).toMatchObject({
      exitCode: 7,
      stderr: expect.stringMatching(/^HOST_UNAVAILABLE: Session ses_\w+ is on host /) as string,
    });
  });
});
