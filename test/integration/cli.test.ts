/** The command line on a real Temporal server, with the fake agent. */
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TurnResult } from '../../src/contract/types.js';
import { startWorld, type World } from '../support/world.js';
import {
  CONTINUITY,
  type Continuity,
  continuityIn,
  loadedBy,
  surroundingsOf,
  TELLS_WHAT_IT_LOADS,
} from './cli-command.js';

let world: World;
let continuity: Continuity;
beforeAll(async () => {
  world = await startWorld();
  continuity = continuityIn(surroundingsOf(world));
});
afterAll(() => world?.dispose());

const aTopic = () => `t-${randomUUID().slice(0, 8)}`;

async function delegated(...words: string[]): Promise<TurnResult> {
  const { stdout } = await continuity(['delegate', '--json', ...words]);
  return JSON.parse(stdout) as TurnResult;
}

describe('fix and also', () => {
  test('a log from stdin goes to the session as what tells of it', async () => {
    const topic = aTopic();
    const { session_id } = await delegated('--topic', topic, 'one');
    const log = `first line\n${'noise\n'.repeat(20_000)}\u001b[31mError: the last line\u001b[0m\n`;
    const { stdout, exitCode } = await continuity(['fix', topic, '--json'], { input: log });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ session_id, session: { kind: 'resumed' } });
    const said = world.agent.promptsIn(`${session_id}`).at(-1) ?? '';
    expect(said).toMatch(/^Fix: first line\n[^]*… \d+ bytes are left out here …[^]*Error: the last line$/);
    expect(Buffer.byteLength(said)).toBeLessThan(34_000);
  });

  test('a name that nobody knows is said so', async () => {
    const { stderr, exitCode } = await continuity(['also', 'nobody', 'why?']);
    expect(stderr).toContain('TOPIC_UNKNOWN: There is neither a topic nor a session nobody to follow up.');
    expect(exitCode).not.toBe(0);
  });
});

describe('delegate', () => {
  test('prints the reply on stdout and nothing else, and says on stderr how to go on', async () => {
    const topic = aTopic();
    const { stdout, stderr, exitCode } = await continuity(['delegate', '--topic', topic, '[[say: done]]']);
    expect(stdout).toBe('done\n');
    expect(stderr).toMatch(
      new RegExp(
        `^topic ${topic} · session ses_\\w+ \\(new\\) · turn 1 · .*go on: continuity delegate --topic ${topic} "…"\\n$`,
      ),
    );
    expect(exitCode).toBe(0);
  });

  test('the second prompt resumes the session the first one opened, by topic and by session id', async () => {
    const topic = aTopic();
    const first = await delegated('--topic', topic, 'one');
    const second = await delegated('--topic', topic, 'two');
    const third = await delegated('--session', `${first.session_id}`, 'three');
    expect([second, third].map(({ session_id, session }) => [session_id, session.kind])).toEqual(
      Array(2).fill([first.session_id, 'resumed']),
    );
    expect(third).toMatchObject({ topic, turn: 3 });
  });

  test('--new opens another session on the topic, for the reason that is given', async () => {
    const topic = aTopic();
    const first = await delegated('--topic', topic, 'one');
    const fresh = await delegated('--topic', topic, '--new=fresh eyes', 'two');
    expect(fresh.session).toEqual({ kind: 'new', reason: 'fresh eyes' });
    expect(fresh.session_id).not.toBe(first.session_id);
  });

  test('a session that is lost is replaced and said so, or by --on-lost fail ends with its exit code', async () => {
    const topic = aTopic();
    const { session_id } = await delegated('--topic', topic, 'one');
    world.agent.lose(session_id);
    const failed = await continuity(['delegate', '--topic', topic, '--on-lost', 'fail', 'two']);
    expect(failed).toMatchObject({ exitCode: 4, stdout: '' });
    expect(failed.stderr).toMatch(
      /SESSION_LOST: .+\nRestore the store of the agent\. Or send the prompt to the topic with --on-lost replace/,
    );
    const { stderr, exitCode } = await continuity(['delegate', '--topic', topic, 'three']);
    expect(exitCode).toBe(0);
    expect(stderr).toContain(`(replaced, lost, instead of ${session_id})`);
    const { stdout } = await continuity(['show', topic]);
    expect(stdout).toMatch(new RegExp(`^ +${session_id} +lost · `, 'm'));
    expect(stdout).toContain(`lost ${session_id} replaced`);
  });

  test('a prompt comes through a pipe', async () => {
    const { stdout } = await continuity(['delegate', '--topic', aTopic(), '-'], { input: '[[say: piped]]\n' });
    expect(stdout).toBe('piped\n');
  });

  test('a failed turn ends with the exit code of its failure and what to do', async () => {
    const { stderr, exitCode } = await continuity(['delegate', '--topic', aTopic(), '[[fail: MODEL_FAILED]]']);
    expect(exitCode).toBe(5);
    expect(stderr).toMatch(/MODEL_FAILED: .+\nRead what the provider said/);
  });

  test('--no-wait returns once the prompt is accepted; outcome --wait prints its reply', async () => {
    const topic = aTopic();
    const accepted = await continuity(['delegate', '--topic', topic, '--id', 'p-1', '--no-wait', '[[say: later]]']);
    expect(accepted).toMatchObject({ stdout: `p-1 accepted in topic ${topic}\n`, exitCode: 0 });
    expect(await continuity(['outcome', topic, 'p-1', '--wait'])).toMatchObject({ stdout: 'later\n', exitCode: 0 });
    expect(JSON.parse((await continuity(['outcome', topic, 'p-1', '--json'])).stdout)).toMatchObject({
      state: 'ended',
      outcome: { reply: 'later' },
    });
  });

  test('Ctrl-C stops the waiting, not the turn, and says how to get at it', async () => {
    const topic = aTopic();
    const gate = join(world.dir, randomUUID());
    const waiting = continuity(['delegate', '--topic', topic, '--id', 'p-2', `[[until: ${gate}]] [[say: in the end]]`]);
    await expect
      .poll(async () => (await world.manager.outcome(topic, 'p-2').catch(() => undefined))?.state, { timeout: 60_000 })
      .toBe('running');
    waiting.kill('SIGINT');
    const { stdout, stderr, exitCode } = await waiting;
    expect([stdout, exitCode]).toEqual(['', 130]);
    expect(stderr).toContain(`continuity outcome ${topic} p-2 --wait`);
    expect(stderr).toContain(`continuity cancel ${topic} p-2`);
    await writeFile(gate, '');
    expect((await continuity(['outcome', topic, 'p-2', '--wait'])).stdout).toBe('in the end\n');
  });
});

describe('the other commands', () => {
  test('show and list tell what there is; cancel stops the running turn; close ends the topic', async () => {
    const topic = aTopic();
    const { session_id } = await delegated('--topic', topic, 'one');
    await continuity(['delegate', '--topic', topic, '--id', 'p-3', '--no-wait', '[[hang]]']);
    await expect.poll(async () => (await world.manager.outcome(topic, 'p-3')).state).toBe('running');
    const shown = async () => (await continuity(['show', topic])).stdout;
    // What it does first may not have been told yet.
    await expect.poll(shown).toMatch(/Running .*\n {2}p-3 {2}\[\[hang\]\] · for [\d.]+ m?s\n {4}· reading/);
    expect(await shown()).toContain(`→ ${session_id}  fake · 1 turn`);
    expect((await continuity(['cancel', topic])).stdout).toBe(
      'Prompt p-3 is being stopped; the session stays usable.\n',
    );
    expect((await continuity(['outcome', topic, 'p-3', '--wait'])).exitCode).toBe(130);
    expect((await continuity(['cancel', topic])).stdout).toBe('Nothing is running.\n');
    expect((await continuity(['list'])).stdout).toMatch(new RegExp(`^${topic} +idle +2 +fake +${session_id}`, 'm'));
    expect((await continuity(['close', topic])).stdout).toBe(`Topic ${topic} is closed.\n`);
    await expect.poll(async () => (await continuity(['list'])).stdout, { timeout: 60_000 }).not.toContain(topic);
    expect((await continuity(['list', '--all'])).stdout).toMatch(new RegExp(`^${topic} +closed`, 'm'));
    expect((await continuity(['list', '--state', 'closed', '--agent', 'fake'])).stdout).toContain(topic);
    for (const words of [
      ['--state', 'idle'],
      ['--state', 'closed', '--agent', "an'other"],
      ['--state', 'closed', '--older-than', '1h'],
    ]) {
      expect((await continuity(['list', ...words])).stdout).not.toContain(topic);
    }
  });

  test('doctor finds Temporal, the search attributes and the worker', async () => {
    const { stdout } = await continuity(['doctor', '--json']);
    const findings = JSON.parse(stdout) as { check: string; ok: boolean }[];
    expect(Object.fromEntries(findings.map(({ check, ok }) => [check, ok]))).toMatchObject({
      node: true,
      config: true,
      temporal: true,
      'search attributes': true,
      worker: true,
    });
  });

  test('--help of each command teaches, and loads neither Temporal nor anything else that is large', async () => {
    for (const words of [
      ['--help'],
      ...[
        'up',
        'worker',
        'delegate',
        'show',
        'list',
        'sessions',
        'outcome',
        'fix',
        'also',
        'watch',
        'open',
        'transcript',
        'answer',
        'retry',
        'usage',
        'cancel',
        'close',
        'forget',
        'mcp',
        'doctor',
      ].map((name) => [name, '--help']),
    ]) {
      const { stdout, stderr, exitCode } = await continuity(words, { env: TELLS_WHAT_IT_LOADS });
      expect(exitCode).toBe(0);
      expect(stdout).toContain(words.length > 1 ? `continuity ${words[0]}` : 'continuity <command>');
      if (words.length > 1) expect(stdout).toMatch(/Usage\n.+\n\nExamples\n {2}# /);
      const loaded = loadedBy(stderr);
      expect(loaded).toContain(CONTINUITY);
      expect(loaded.filter((file) => file.includes('/node_modules/'))).toEqual([]);
    }
  });
});

describe('a bad word is refused with its code, what is wrong and what to do, and nothing is begun', () => {
  test.each<[string, string[], number, RegExp]>([
    ['no command', [], 2, /^USAGE: continuity needs a command\./],
    ['an unknown command', ['delegat'], 2, /^USAGE: continuity has no command "delegat"; did you mean delegate\?/],
    [
      'a state that there is not',
      ['list', '--state', 'busy'],
      2,
      /^USAGE: --state must be idle, running, waiting, closed; got "busy"/,
    ],
    [
      'an age that is none',
      ['list', '--older-than', 'long'],
      2,
      /^USAGE: --older-than must be a time such as 30m, 7d or "2 hours"; got "long"/,
    ],
    ['an unknown flag', ['list', '--jsn'], 2, /^USAGE: continuity list has no flag --jsn; did you mean --json\?/],
    ['a blank prompt', ['delegate', '--topic', 'bad', '  '], 2, /^INVALID_PROMPT: Field "prompt" must not be blank/],
    [
      'an unknown category',
      ['delegate', '--topic', 'bad', '--category', 'qick', 'x'],
      2,
      /^CATEGORY_UNKNOWN: Category qick is not known. Use one of: .*quick/,
    ],
    [
      'an unknown agent',
      ['delegate', '--topic', 'bad', '--agent', 'ghost', 'x'],
      2,
      /^AGENT_UNKNOWN: Agent ghost is not known. Use one of: opencode/,
    ],
    ['an unknown session', ['delegate', '--session', 'ses_nobody', 'x'], 3, /^SESSION_UNKNOWN: .*ses_nobody/],
    ['an unknown topic', ['show', 'nobody'], 3, /^TOPIC_UNKNOWN: .*nobody/],
    [
      'a wait that is no number',
      ['mcp', '--wait', 'long'],
      2,
      /^USAGE: --wait .* must be a number of seconds from 0 to 600, got "long"/,
    ],
    ['a session and a new one at once', ['delegate', '--session', 'ses_x', '--new', 'x'], 2, /^INVALID_PROMPT: /],
    [
      'two places in the queue',
      ['delegate', '--topic', 'bad', '--next', '--interrupt', 'x'],
      2,
      /^USAGE: --next and --interrupt exclude each other/,
    ],
    [
      'more fixes than anybody waits for',
      ['delegate', '--topic', 'bad', '--check', 'true', '--max-fixes', '99', 'x'],
      2,
      /^INVALID_PROMPT: Field "max_fixes" must be .*; got 99/,
    ],
    [
      'a limit for checks without one',
      ['delegate', '--topic', 'bad', '--check-timeout', '5m', 'x'],
      2,
      /^USAGE: --check-timeout limits a check, and there is no --check/,
    ],
    [
      'a policy that there is not',
      ['delegate', '--topic', 'bad', '--on-lost', 'panic', 'x'],
      2,
      /^INVALID_PROMPT: Field "on_lost" must be "replace" or "fail"; got "panic"/,
    ],
    [
      'a place to work that there is not',
      ['delegate', '--topic', 'bad', '--workspace', 'tree', 'x'],
      2,
      /^USAGE: --workspace must be shared, queue, worktree; got "tree"\./,
    ],
    [
      'a working directory that does not exist',
      ['list', '--cwd', '/does/not/exist'],
      2,
      /^CWD_MISSING: Working directory \/does\/not\/exist does not exist\./,
    ],
  ])('%s', async (_, words, exit, message) => {
    const { stdout, stderr, exitCode } = await continuity(words);
    expect([stdout, exitCode]).toEqual(['', exit]);
    // On a slow machine, a line of progress comes first.
    const said = stderr.replace(/^\d+\.\d s · .*\n/gm, '');
    expect(said).toMatch(message);
    expect(said.trimEnd().split('\n')).toHaveLength(2);
    const topics = JSON.parse((await continuity(['list', '--all', '--json'])).stdout) as { topic: string }[];
    expect(topics.map(({ topic }) => topic)).not.toContain('bad');
  });

  test('the outcome of a prompt that nobody knows has the same exit code as JSON', async () => {
    const topic = aTopic();
    await delegated('--topic', topic, 'one');
    const exits = [
      (await continuity(['outcome', topic, 'p-nobody'])).exitCode,
      (await continuity(['outcome', topic, 'p-nobody', '--json'])).exitCode,
    ];
    expect(exits).toEqual([3, 3]);
  });

  test('a prompt over the limit', async () => {
    const { stderr, exitCode } = await continuity(['delegate', '--topic', aTopic(), '-'], {
      input: 'a'.repeat(70_000),
    });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(
      /^PROMPT_TOO_LARGE: The prompt has 70000 bytes; at most 65536 are taken\.\nWrite the long part to a file/,
    );
  });

  test('a topic and a session that disagree, a prompt id used again, another project', async () => {
    const topic = aTopic();
    const { session_id } = await delegated('--topic', topic, '--id', 'p-4', 'one');
    expect((await continuity(['delegate', '--topic', aTopic(), '--session', `${session_id}`, 'x'])).stderr).toMatch(
      /^SESSION_PINNED: .*belongs to topic/,
    );
    expect((await continuity(['delegate', '--topic', topic, '--id', 'p-4', 'another'])).stderr).toMatch(
      /^PROMPT_ID_REUSED: /,
    );
    const elsewhere = join(world.dir, 'elsewhere');
    await mkdir(elsewhere);
    expect((await continuity(['delegate', '--topic', topic, 'x'], { cwd: elsewhere })).stderr).toMatch(
      /^TOPIC_ELSEWHERE: /,
    );
  });

  test('a broken config file, as JSON on stdout where that was asked for', async () => {
    const cwd = join(world.dir, 'broken');
    await mkdir(cwd);
    const file = join(cwd, 'continuity.config.json');
    await writeFile(file, '{ "limits": { "turnTimeout": "soon" } }');
    const { stdout, stderr, exitCode } = await continuity(['list', '--json'], { cwd });
    expect([stderr, exitCode]).toEqual(['', 2]);
    expect(JSON.parse(stdout)).toMatchObject({
      error: {
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(`limits.turnTimeout in ${file} must be a duration`) as string,
      },
    });
  });

  test('Temporal that does not answer', async () => {
    const { stderr, exitCode } = await continuity(['list'], { env: { TEMPORAL_ADDRESS: '127.0.0.1:1' } });
    expect(exitCode).toBe(7);
    expect(stderr).toMatch(
      /^TEMPORAL_UNAVAILABLE: Temporal does not answer at 127\.0\.0\.1:1.*\nStart it with: continuity up/,
    );
  });

  test('no worker: the prompt is kept, and answered once there is one', async () => {
    const topic = aTopic();
    await world.stopWorker();
    const delegating = continuity(['delegate', '--topic', topic, '--id', 'p-5', '[[say: kept]]']);
    const { stdout } = await continuity(['delegate', '--topic', topic, '--id', 'p-5', '--no-wait', '[[say: kept]]']);
    expect(stdout).toBe(`p-5 accepted in topic ${topic}\n`);
    await world.startWorker();
    expect(await delegating).toMatchObject({ exitCode: 0, stdout: 'kept\n' });
    expect((await continuity(['outcome', topic, 'p-5', '--wait'])).stdout).toBe('kept\n');
  });
});
