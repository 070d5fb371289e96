/**
 * The package as people get it: packed, installed, and run from elsewhere. Packs what is built
 * already (`npm test` builds first).
 */
import { mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What `npm ci` has fetched comes from npm's cache. */
const INSTALL = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
const WITHIN_MS = 150_000;

let dir: string;
let tarball: string;
let env: Record<string, string>;

beforeAll(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-package-')));
  const { stdout } = await execa('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', dir], {
    cwd: ROOT,
  });
  tarball = join(dir, (JSON.parse(stdout) as { filename: string }[])[0]?.filename ?? '');
  // Without the settings of the npm that runs this test, such as its prefix and the directory of
  // its project.
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|INIT_CWD$|NODE_OPTIONS$)/i.test(name) || /^npm_config_(registry|cache)$/i.test(name),
  );
  env = { ...(Object.fromEntries(own) as Record<string, string>), CONTINUITY_DATA_DIR: join(dir, 'data') };
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test('installs globally, and both names of the command run', { timeout: WITHIN_MS }, async () => {
  const [prefix, elsewhere] = [join(dir, 'prefix'), await mkdtemp(join(dir, 'elsewhere-'))];
  const at = { cwd: elsewhere, env, extendEnv: false } as const;
  await execa('npm', [...INSTALL, '--global', '--prefix', prefix, tarball], at);
  expect((await readdir(join(prefix, 'bin'))).sort()).toEqual(['continuity', 'session-continuity']);
  const { stdout: version } = await execa(join(prefix, 'bin', 'session-continuity'), ['--version'], at);
  expect(version).toBe(manifest.version);
  const { stdout: help } = await execa(join(prefix, 'bin', 'continuity'), ['--help'], at);
  expect(help).toContain('continuity <command> [flags]');
});

test(
  'installs in an empty project, where npx finds the command and a program imports the library',
  { timeout: WITHIN_MS },
  async () => {
    const project = await mkdtemp(join(dir, 'project-'));
    const npx = join(dirname(process.execPath), 'npx');
    const at = { cwd: project, env, extendEnv: false } as const;
    await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
    await execa('npm', [...INSTALL, tarball], at);
    const { stdout: version } = await execa(npx, ['--no-install', 'session-continuity', '--version'], at);
    expect(version).toBe(manifest.version);
    await writeFile(
      join(project, 'program.js'),
      "import { SessionManager, delegate_task } from 'session-continuity';\nconsole.log(typeof SessionManager.connect, typeof delegate_task);\n",
    );
    const { stdout: imported } = await execa(process.execPath, ['program.js'], at);
    expect(imported).toBe('function function');
    // The worker's program and the bundle of the workflows are in the package, too.
    const { stdout: doctor } = await execa(npx, ['--no-install', 'session-continuity', 'doctor', '--json'], {
      ...at,
      reject: false,
    });
    expect((JSON.parse(doctor) as { check: string }[]).map(({ check }) => check)).toContain('agent opencode');
  },
);
