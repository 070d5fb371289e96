/**
 * Surroundings that no command can work in, or that are only unusual: a precise error, or the right
 * behaviour. Never a stack.
 */
import { chmod, chown, mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startWorld, type World } from '../support/world.js';
import { CONTINUITY, continuityIn, type Continuity } from './cli-command.js';

let world: World;
let continuity: Continuity;
let env: Record<string, string>;
let dir: string;
beforeAll(async () => (world = await startWorld()));
afterAll(() => world?.dispose());
beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-surroundings-')));
  env = {
    PATH: process.env.PATH ?? '',
    HOME: dir,
    TEMPORAL_ADDRESS: world.address,
    CONTINUITY_DATA_DIR: world.config.dataDir,
  };
  continuity = continuityIn({ cwd: dir, env });
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const options = { extendEnv: false, reject: false, input: '' } as const;
const refusedAs = (code: string, message: string | RegExp) => ({
  stderr: expect.stringMatching(
    new RegExp(`^${code}: ${typeof message === 'string' ? message : message.source}.*\n.*$`),
  ) as string,
});

describe('a working directory that was deleted', () => {
  /** Runs it in a directory that is gone by then. */
  const gone = (...words: string[]) =>
    execa('sh', ['-c', 'mkdir gone && cd gone && rmdir ../gone && exec "$@"', 'sh', process.execPath, ...words], {
      ...options,
      cwd: dir,
      env,
    });

  test.each([
    ['list'],
    ['delegate', 'hi'],
    ['up'],
    ['doctor'],
    ['trust', 'a.yaml'],
    ['worker'],
    ['mcp'],
    ['list', '--data-dir', 'data'],
  ])('is refused by %s %s', async (...words) => {
    expect(await gone(CONTINUITY, ...words)).toMatchObject({
      exitCode: 2,
      stdout: '',
      ...refusedAs('CWD_MISSING', 'Working directory of this process was deleted'),
    });
  });

  test('does not matter where --cwd names another by an absolute path', async () => {
    expect(await gone(CONTINUITY, 'delegate', '--cwd', dir, '[[say: done]]')).toMatchObject({
      exitCode: 0,
      stdout: 'done',
    });
    expect(await gone(CONTINUITY, 'list', '--cwd', 'src')).toMatchObject({
      exitCode: 2,
      ...refusedAs('CWD_MISSING', 'Working directory of this process was deleted'),
    });
  });

  test('is refused by the library with the same code', async () => {
    const script = `import(${JSON.stringify(new URL('../../dist/src/index.js', import.meta.url).href)}).then(({ SessionManager }) => SessionManager.connect()).catch((error) => console.log(error.code))`;
    expect((await gone('-e', script)).stdout).toBe('CWD_MISSING');
  });
});

describe.skipIf(process.getuid?.() !== 0)('a user without a home directory (becoming one takes root)', () => {
  const uid = 54_321;
  const homeless = (words: string[], more: Record<string, string> = {}) =>
    execa(process.execPath, [CONTINUITY, ...words], {
      ...options,
      cwd: '/',
      uid,
      gid: uid,
      env: { PATH: env.PATH ?? '', TEMPORAL_ADDRESS: world.address, ...more },
    });

  test('is asked for HOME or for --data-dir', async () => {
    const refusal = refusedAs(
      'SETUP_INCOMPLETE',
      'There is no home directory to keep data in: HOME is not set, and the system has no home directory for uid 54321',
    );
    for (const words of [['list'], ['up']])
      expect(await homeless(words), words[0]).toMatchObject({ exitCode: 7, ...refusal });
    expect((await homeless(['list'])).stderr).toMatch(/Set HOME.*--data-dir/);
    expect(await homeless(['list'], { HOME: 'home' })).toMatchObject({
      exitCode: 7,
      ...refusedAs('SETUP_INCOMPLETE', /.*HOME is "home", which is not absolute/),
    });
  });

  test('can work with a data directory that is named, and cannot trust a file', async () => {
    const data = join(dir, 'data');
    await mkdir(data, { mode: 0o700 });
    await chown(data, uid, uid);
    await chmod(dir, 0o755);
    expect(await homeless(['list', '--data-dir', data])).toMatchObject({ exitCode: 0 });
    expect(await homeless(['delegate', '[[say: done]]'], { CONTINUITY_DATA_DIR: data })).toMatchObject({
      exitCode: 0,
      stdout: 'done',
    });
    await writeFile(join(dir, 'continuity.config.yaml'), 'checks: { allow: ["*"] }\n');
    await chown(join(dir, 'continuity.config.yaml'), uid, uid);
    await chown(dir, uid, uid);
    expect(await homeless(['trust', join(dir, 'continuity.config.yaml')])).toMatchObject({
      exitCode: 7,
      ...refusedAs('SETUP_INCOMPLETE', 'There is no home directory'),
    });
  });
});

describe('a prompt on stdin that is not text', () => {
  const piped = (bytes: Buffer, ...words: string[]) =>
    execa(process.execPath, [CONTINUITY, ...words], { ...options, cwd: dir, env, input: bytes });

  test.each([
    [
      'Latin-1',
      Buffer.from('caf\xe9 au lait', 'latin1'),
      'The prompt on stdin is not UTF-8: the byte at offset 3 is 0xe9',
    ],
    ['UTF-16', Buffer.from('\ufeffhi', 'utf16le'), 'The prompt on stdin is not UTF-8: the byte at offset 0 is 0xff'],
    [
      'cut in the middle of a character',
      Buffer.from('ab€').subarray(0, 4),
      'The prompt on stdin is not UTF-8: the byte at offset 2 is 0xe2',
    ],
    [
      'no more than the beginning of U+FFFD',
      Buffer.from([0x61, 0xef, 0xbf, 0x20]),
      'The prompt on stdin is not UTF-8: the byte at offset 1 is 0xef',
    ],
    ['with a NUL', Buffer.from('a\0b'), 'The prompt on stdin is not text: the byte at offset 1 is NUL'],
  ])('is refused: %s', async (_, bytes, message) => {
    expect(await piped(bytes, 'delegate', '-')).toMatchObject({ exitCode: 2, ...refusedAs('INVALID_PROMPT', message) });
  });

  test('is refused by fix, too, and as JSON', async () => {
    const { stdout, exitCode } = await piped(Buffer.from('\xe9', 'latin1'), 'fix', 'auth', '--json');
    expect([exitCode, JSON.parse(stdout)]).toMatchObject([
      2,
      { error: { code: 'INVALID_PROMPT', fix: expect.stringContaining('iconv') } },
    ]);
  });

  test('is refused where stdin cannot be read', async () => {
    const { stderr } = await execa('sh', ['-c', 'exec "$0" "$1" delegate - 0>unread', process.execPath, CONTINUITY], {
      extendEnv: false,
      reject: false,
      cwd: dir,
      env,
    });
    expect(stderr).toMatch(/^INVALID_PROMPT: stdin cannot be read: EBADF.*\n.*$/);
  });
});

describe('text that begins with a dash', () => {
  const lastPrompt = (session: string) => world.agent.promptsIn(session).at(-1);

  test('is a prompt where no flag can look like that, and always behind --', async () => {
    for (const words of [
      ['- do this'],
      ['--new', '- do this'],
      ['--', '- do this'],
      ['- do this\n- and that'],
      ['--', '--no-verify'],
    ]) {
      const { stdout } = await continuity(['delegate', '--json', ...words]);
      expect(lastPrompt((JSON.parse(stdout) as { session_id: string }).session_id), words.join(' ')).toContain(
        words.at(-1),
      );
    }
    const { session_id } = JSON.parse((await continuity(['delegate', '--json', '--topic', 'dash', 'hi'])).stdout) as {
      session_id: string;
    };
    expect((await continuity(['fix', 'dash', '- it fails'])).exitCode).toBe(0);
    expect(lastPrompt(session_id)).toContain('- it fails');
  });

  test.each([
    ['delegate', '-5 is wrong'],
    ['delegate', '--no-verify is wrong'],
    ['also', 'auth', '-x?'],
  ])('is else refused with what to do: %s %s', async (...words) => {
    expect(await continuity(words)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/^USAGE: .* has no flag -.*\nPut text that starts with - after --\. See/),
    });
  });
});

test('a program in a relative entry of PATH is not run: the directory may be a stranger’s project', async () => {
  await mkdir(join(dir, 'bin'));
  for (const name of ['bin/opencode', 'bin/temporal', 'opencode', 'temporal'])
    await writeFile(join(dir, name), `#!/bin/sh\necho > ${join(dir, 'ran')}\necho 1.18.33\n`, { mode: 0o755 });
  await continuity(['doctor', '--data-dir', join(dir, 'data')], { env: { PATH: `bin:./bin::.:${env.PATH}` } });
  expect(await readdir(dir)).not.toContain('ran');
});

describe('a config that prints', () => {
  const prints =
    'console.log("from console"); process.stdout.write("from stdout\\n"); setTimeout(() => process.stdout.write("later\\n")); await new Promise((go) => setTimeout(go, 20)); export default {};';

  test.each([
    ['list', '--json'],
    ['doctor', '--json'],
    ['delegate', '--json', 'hi'],
  ])('leaves stdout to the answer of %s %s', async (...words) => {
    await writeFile(join(dir, 'mine.mjs'), prints);
    const { stdout, stderr } = await continuity(words, { env: { CONTINUITY_CONFIG: join(dir, 'mine.mjs') } });
    expect(() => JSON.parse(stdout) as unknown, stdout).not.toThrow();
    for (const said of ['from console\n', 'from stdout\n', 'later\n']) expect(stderr).toContain(said);
  });
});
