/** The configs of sessions' directories, as a worker reads them before each turn. */
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig, type Config } from '../../../src/config.js';
import { differencesOf } from '../../../src/config/differences.js';
import { DirectoryConfigs } from '../../../src/config/directories.js';
import { trust } from '../../../src/config/trust.js';

let directory: string;
let env: NodeJS.ProcessEnv;
let own: Config;
let ignored: object[];
let configs: DirectoryConfigs;

beforeEach(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'continuity-directories-')));
  env = { HOME: join(directory, 'home') };
  await mkdir(join(directory, 'home'));
  own = await loadConfig({ cwd: directory, dataDir: join(directory, 'data'), env });
  ignored = [];
  configs = new DirectoryConfigs(own, (one) => ignored.push(one), env);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** A project of that name with this config. */
async function project(name: string, content: object | string): Promise<string> {
  const cwd = join(directory, name);
  await mkdir(join(cwd, '.git'), { recursive: true });
  await writeFile(join(cwd, 'continuity.config.yaml'), typeof content === 'string' ? content : JSON.stringify(content));
  return cwd;
}

const reason = (work: Promise<unknown>) =>
  work.then(
    () => 'it was read',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

describe('the config of a directory', () => {
  it('counts there and nowhere else, as it is now, with the data directory of the worker', async () => {
    const [one, other] = [await project('one', { onLost: 'fail' }), await project('other', {})];
    expect(await configs.in(one)).toMatchObject({ onLost: 'fail', dataDir: own.dataDir });
    expect(await configs.in(other)).toMatchObject({ onLost: 'replace' });
    await project('one', { onLost: 'replace', onFull: 'fail' });
    expect(await configs.in(one)).toMatchObject({ onLost: 'replace', onFull: 'fail' });
  });

  it('is that of the user where the project has none, and a relative CONTINUITY_CONFIG means the worker’s directory', async () => {
    const file = join(env.HOME!, '.config/continuity/config.json');
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, '{ "onFull": "fail" }');
    const none = join(directory, 'none');
    await mkdir(none);
    expect(await configs.in(none)).toMatchObject({ onFull: 'fail', file });
    const named = await project('named', { onLost: 'fail' });
    process.chdir(named);
    const relative = new DirectoryConfigs(own, () => undefined, {
      ...env,
      CONTINUITY_CONFIG: 'continuity.config.yaml',
    });
    process.chdir('/');
    expect(await relative.in(none)).toMatchObject({ onLost: 'fail', file: join(named, 'continuity.config.yaml') });
  });

  it('is what it was last for what has begun, once it is broken', async () => {
    const cwd = await project('broken', { onLost: 'fail' });
    await configs.in(cwd);
    await project('broken', 'onLost: [');
    expect(await reason(configs.in(cwd))).toContain(join(cwd, 'continuity.config.yaml'));
    expect(await configs.lastIn(cwd)).toMatchObject({ onLost: 'fail' });
    expect(await configs.lastIn(await project('never', 'onLost: ['))).toBe(own);
  });

  it('does not count in what needs trust, which is noted once', async () => {
    const cwd = await project('untrusted', { checks: { allow: ['*'] }, onLost: 'fail' });
    for (let turn = 0; turn < 3; turn++)
      expect(await configs.in(cwd)).toMatchObject({ checks: { allow: [] }, onLost: 'fail' });
    expect(ignored).toEqual([{ file: join(cwd, 'continuity.config.yaml'), keys: ['checks'] }]);
    await trust({ file: join(cwd, 'continuity.config.yaml'), text: '{"checks":{"allow":["*"]},"onLost":"fail"}' }, env);
    expect(await configs.in(cwd)).toMatchObject({ checks: { allow: ['*'] } });
  });
});

describe('a stranger’s config', () => {
  it('is not trusted as a link to a file that is trusted elsewhere', async () => {
    const text = '{"checks":{"allow":["npm test"]}}';
    const file = join(await project('trusted', text), 'continuity.config.yaml');
    await trust({ file, text }, env);
    const hostile = join(directory, 'hostile');
    await mkdir(join(hostile, '.git'), { recursive: true });
    await symlink(file, join(hostile, 'continuity.config.yaml'));
    expect(await configs.in(hostile)).toMatchObject({ checks: { allow: [] } });
    // A link to the directory is the directory.
    await symlink(dirname(file), join(directory, 'link'));
    expect(await configs.in(join(directory, 'link'))).toMatchObject({ checks: { allow: ['npm test'] }, file });
  });

  it('does not hold a worker up, and what is said of it is short', async () => {
    const layers = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (let at = 1; at < 12; at++) {
      const [name, before] = [String.fromCharCode(97 + at), String.fromCharCode(96 + at)];
      layers.push(`${name}: &${name} [${Array<string>(9).fill(`*${before}`).join(', ')}]`);
    }
    const bomb = `${layers.join('\n')}\nagents: *l\ncategories: &c [*c]\n`;
    const many = `checks: { allow: [${Array<string>(20_000).fill('1').join(',')}] }`;
    const keys = Array.from({ length: 5000 }, (_, at) => `key${at}: 1`).join('\n');
    for (const text of [bomb, many, keys]) {
      const said = await reason(configs.in(await project('bomb', text)));
      expect(said).toContain('continuity.config.yaml');
      expect(said.length).toBeLessThan(20_000);
    }
    expect(await reason(configs.in(await project('huge', `{}${' '.repeat(64 * 1024)}`)))).toContain('more than 64 KiB');
  });

  it('of a directory that was deleted does not count', async () => {
    const cwd = await project('gone', { onLost: 'fail' });
    await rm(cwd, { recursive: true });
    expect(await configs.in(cwd)).toMatchObject({ onLost: 'replace' });
  });
});

it('two configs differ in what they say of sessions, by the name of the key', () => {
  const other: Config = {
    ...own,
    dataDir: '/elsewhere',
    warmAgent: false,
    onLost: 'fail',
    onCold: { ...own.onCold, do: 'ask' },
    agents: { ...own.agents, opencode: { model: 'a/b', kind: 'opencode' }, mine: { kind: 'codex' } },
    limits: { ...own.limits, turnsPerHost: 1, noWorkerAfterMs: 1, turnTimeoutMs: 1, budgets: { steps_per_turn: 9 } },
  };
  expect(differencesOf(own, { ...own, agents: { ...own.agents } })).toEqual([]);
  expect(differencesOf(own, other)).toEqual([
    'agents.opencode.model',
    'agents.mine',
    'onLost',
    'onCold.do',
    'limits.turnTimeout',
    'limits.stepsPerTurn',
  ]);
});
