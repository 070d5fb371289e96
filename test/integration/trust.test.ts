/**
 * What a project's config may decide, through the command: `continuity trust`, and what each
 * command says until then.
 */
import { chmod, mkdir, mkdtemp, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { continuityIn, type Continuity } from './cli-command.js';

let dir: string;
let file: string;
let continuity: Continuity;
const program = '#!/bin/sh\ntouch "$(dirname "$0")/ran"\necho 1.18.33\n';

beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-trust-')));
  await mkdir(join(dir, 'repo', '.git'), { recursive: true });
  await writeFile(join(dir, 'repo', 'agent'), program, { mode: 0o700 });
  file = join(dir, 'repo', 'continuity.config.yaml');
  await writeFile(file, 'agents: { opencode: { path: ./agent } }\nchecks: { allow: ["*"] }\n');
  // What is tested comes before Temporal is looked for: there the commands end, at once.
  await writeFile(join(dir, 'temporal.toml'), 'broken');
  continuity = continuityIn({
    cwd: join(dir, 'repo'),
    env: { HOME: dir, CONTINUITY_DATA_DIR: join(dir, 'data'), TEMPORAL_CONFIG_FILE: join(dir, 'temporal.toml') },
  });
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const doctor = (...words: string[]) =>
  continuity(['doctor', ...words], { env: { TEMPORAL_CONFIG_FILE: '', TEMPORAL_ADDRESS: '127.0.0.1:1' } });
const ran = async () => (await readdir(join(dir, 'repo'))).includes('ran');
const notice = () =>
  `Ignored agents.opencode.path, checks in ${file}: you have not trusted this file. Read it, then: continuity trust\n`;

describe('a project’s config that names a program and checks', () => {
  test('is ignored in that, and every command says so in one line', async () => {
    const commands = [
      ['list'],
      ['show', 'any'],
      ['delegate', 'work'],
      ['cancel', 'any'],
      ['outcome', 'any', 'p-1'],
      ['worker'],
      ['watch', 'any'],
    ];
    await Promise.all(
      commands.map(async (words) => expect((await continuity(words)).stderr, words.join(' ')).toContain(notice())),
    );
    expect(await ran()).toBe(false);
  });

  test('is named as data with --json, and by doctor', async () => {
    const listed = await continuity(['list', '--json']);
    const said = {
      code: 'CONFIG_UNTRUSTED',
      file,
      keys: ['agents.opencode.path', 'checks'],
      fix: 'Read it, then: continuity trust',
    };
    expect(JSON.parse(listed.stderr.split('\n')[0] ?? '')).toMatchObject({ notice: said });
    const findings = JSON.parse((await doctor('--json')).stdout) as { check: string; ok: boolean; problem?: object }[];
    expect(findings.find(({ check }) => check === 'config trust')).toMatchObject({ ok: false, problem: said });
    expect(await ran()).toBe(false);
  });

  test('applies once it is trusted, and nothing is said any more', async () => {
    expect((await continuity(['trust'])).stdout).toBe(
      `${file} is trusted as it is now. Now these apply: agents.opencode.path, checks.\n`,
    );
    const { stdout, stderr } = await doctor();
    expect(stdout).not.toContain('config trust');
    expect(stderr).not.toContain('Ignored');
    expect(await ran()).toBe(true);
  });

  test('has to be trusted again once it has changed, or lies elsewhere', async () => {
    await continuity(['trust', file]);
    expect((await continuity(['list'])).stderr).not.toContain('Ignored');
    const other = join(dir, 'other');
    await mkdir(join(other, '.git'), { recursive: true });
    await writeFile(
      join(other, 'continuity.config.yaml'),
      'agents: { opencode: { path: ./agent } }\nchecks: { allow: ["*"] }\n',
    );
    expect((await continuity(['list'], { cwd: other })).stderr).toContain(
      `Ignored agents.opencode.path, checks in ${other}`,
    );
    await writeFile(file, 'agents: { opencode: { path: ./agent } }\nchecks: { allow: ["* "] }\n');
    expect((await continuity(['list'])).stderr).toContain(notice());
  });

  test('is trusted no more once that is taken back', async () => {
    await continuity(['trust']);
    expect((await continuity(['trust', '--forget'])).stdout).toBe(`${file} is no longer trusted.\n`);
    expect((await continuity(['list'])).stderr).toContain(notice());
    expect((await continuity(['trust', '--forget', '--json'])).stdout).toBe(
      `${JSON.stringify({ file, trusted: false, forgotten: false })}\n`,
    );
  });
});

describe('what is remembered of trust', () => {
  test('is the user’s alone', async () => {
    await continuity(['trust'], { env: { XDG_STATE_HOME: join(dir, 'state') } });
    const folder = join(dir, 'state', 'continuity', 'trusted');
    const [entry = ''] = await readdir(folder);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, entry))).mode & 0o777).toBe(0o600);
  });

  test('counts for nothing where others could have written it', async () => {
    const env = { XDG_STATE_HOME: join(dir, 'state') };
    await continuity(['trust'], { env });
    const folder = join(dir, 'state', 'continuity', 'trusted');
    await chmod(folder, 0o777);
    expect((await continuity(['list'], { env })).stderr).toContain(notice());
    const { stderr, exitCode } = await continuity(['trust'], { env });
    expect(stderr).toContain(`CONFIG_UNSAFE: ${folder} remembers which files you trust`);
    expect(stderr).toContain(`Run: chmod go= ${folder}`);
    expect(exitCode).toBe(2);
  });
});

test('only the config of a project can be trusted', async () => {
  const empty = join(dir, 'empty');
  await mkdir(empty);
  expect((await continuity(['trust'], { cwd: empty })).stderr).toMatch(
    /^USAGE: There is no config file of a project in .*empty/,
  );
  await mkdir(join(dir, '.config', 'continuity'), { recursive: true });
  await writeFile(join(dir, '.config', 'continuity', 'config.json'), '{}');
  expect((await continuity(['trust'], { cwd: empty })).stderr).toContain(
    `config.json is your own, and needs no trust.`,
  );
  await writeFile(join(dir, 'repo', 'evil.js'), '');
  expect((await continuity(['trust', 'evil.js'])).stderr).toMatch(
    /^CONFIG_INVALID: .*evil\.js is not a project config/,
  );
});
