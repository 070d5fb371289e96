/** Config that the user did not write: it must neither run nor decide what runs. */
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig, type Config } from '../../../src/config.js';

let directory: string;
let env: NodeJS.ProcessEnv;
const here = process.cwd();

beforeEach(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'continuity-strangers-')));
  const home = await made('home');
  env = {
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_STATE_HOME: join(home, '.state'),
    CONTINUITY_DATA_DIR: join(home, 'data'),
  };
});
afterEach(async () => {
  process.chdir(here);
  await rm(directory, { recursive: true, force: true });
});

async function made(...path: string[]): Promise<string> {
  const made = join(directory, ...path);
  await mkdir(made, { recursive: true });
  return made;
}

async function written(path: string, content: unknown): Promise<string> {
  const file = join(directory, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

const load = (cwd: string): Promise<Config> => loadConfig({ cwd, env });
/** A program that leaves a trace when it is run. */
const trap = () =>
  `require("node:fs").writeFileSync(${JSON.stringify(join(directory, 'ran'))}, ""); module.exports = {};`;
const ran = () => existsSync(join(directory, 'ran'));

describe('the search for a config', () => {
  it('looks at no directory above the one it starts in, outside of a git work tree and of the home directory', async () => {
    await written('shared/continuity.config.json', { project: 'of a stranger' });
    expect(await load(await made('shared', 'below'))).not.toHaveProperty('file');
    expect((await load(join(directory, 'shared'))).file).toBe(join(directory, 'shared/continuity.config.json'));
  });

  it.each<[string, () => Promise<unknown>]>([
    ['of a git work tree', () => made('repo', '.git')],
    ['of a linked work tree, where .git is a file', () => written('repo/.git', 'gitdir: elsewhere\n')],
  ])('stops at the root %s', async (_, makeRoot) => {
    await makeRoot();
    await written('continuity.config.json', { project: 'above' });
    const below = await made('repo', 'src');
    expect(await load(below)).not.toHaveProperty('file');
    const file = await written('repo/continuity.config.json', { project: 'root' });
    expect(await load(below)).toMatchObject({ file, project: 'root' });
  });

  it('stops at the home directory, also where that is a link', async () => {
    await written('continuity.config.json', { project: 'above' });
    const below = await made('home', 'notes');
    expect(await load(below)).not.toHaveProperty('file');
    const file = await written('home/continuity.config.json', { project: 'home' });
    expect((await load(below)).file).toBe(file);
    await symlink(join(directory, 'home'), join(directory, 'link'));
    env.HOME = join(directory, 'link');
    expect((await load(below)).file).toBe(file);
  });

  it('goes up to / in no case, whatever the home directory is', async () => {
    env.HOME = '/';
    await written('continuity.config.json', { project: 'above' });
    expect(await load(await made('below'))).not.toHaveProperty('file');
  });
});

describe('a config that comes with a project is only data:', () => {
  it.each(['continuity.config.js', 'continuity.config.cjs', '.config/config.cjs', '.config/config.js'])(
    '%s is not run',
    async (name) => {
      await made('repo', '.git');
      const file = await written(`repo/${name}`, trap());
      process.chdir(join(directory, 'repo'));
      const config = await load(join(directory, 'repo'));
      expect(ran()).toBe(false);
      if (name.startsWith('continuity')) expect(config.ignored).toEqual([{ file }]);
    },
  );

  it('a program beside it is not run by an import either', async () => {
    await made('repo', '.git');
    await written('repo/evil.cjs', trap());
    await written('repo/continuity.config.json', { $import: './evil.cjs' });
    await expect(load(join(directory, 'repo'))).rejects.toThrow('has no key "$import"');
    expect(ran()).toBe(false);
  });

  it('a program above is passed over, and so is no hindrance', async () => {
    await made('repo', '.git');
    await written('repo/src/continuity.config.mjs', 'throw new Error("boom")');
    const file = await written('repo/continuity.config.yaml', 'project: shop');
    expect(await load(join(directory, 'repo', 'src'))).toMatchObject({ file, project: 'shop' });
  });
});

describe('a config file that others could have written is refused, with the command that mends it:', () => {
  const refusal = (path: string, message: string, fix: string) => ({
    failure: {
      code: 'CONFIG_UNSAFE',
      message: expect.stringContaining(message) as string,
      fix: fix.replace('PATH', path),
    },
  });

  const byGroup = [
    ['a file that a group may write', 'continuity.config.json', 0o664],
    ['a directory that a group may write', '', 0o775],
  ] as const;
  it.each([
    ['a file that all may write', 'continuity.config.json', 0o646],
    ['a directory that all may write', '', 0o777],
    // The group of a user that is not root may be that user's own, which is fine.
    ...(process.getuid?.() === 0 ? byGroup : []),
  ] as const)('%s', async (_, name, mode) => {
    const repo = await made('repo');
    await written('repo/continuity.config.json', { project: 'shop' });
    const path = join(repo, name);
    await chmod(path, mode);
    await expect(load(repo)).rejects.toMatchObject(
      refusal(path, `Other users can write ${path}. So it is not used as config.`, 'Run: chmod go-w PATH'),
    );
  });

  it.runIf(process.getuid?.() === 0).each([
    ['a file', 'continuity.config.json'],
    ['a directory', ''],
  ])('%s of another user', async (_, name) => {
    const repo = await made('repo');
    await written('repo/continuity.config.json', { project: 'shop' });
    const path = join(repo, name);
    await chown(path, 65534, 65534);
    await expect(load(repo)).rejects.toMatchObject({
      failure: {
        code: 'CONFIG_UNSAFE',
        message: `${path} belongs to user 65534, and you are user 0. So it is not used as config.`,
      },
    });
  });

  it('also where CONTINUITY_CONFIG names it, or it is the user’s own', async () => {
    const named = await written('named.cjs', trap());
    await chmod(named, 0o666);
    await expect(loadConfig({ cwd: directory, env: { ...env, CONTINUITY_CONFIG: named } })).rejects.toMatchObject({
      failure: { code: 'CONFIG_UNSAFE' },
    });
    const own = await written('home/.config/continuity/config.cjs', trap());
    await chmod(own, 0o666);
    await expect(load(join(directory, 'home'))).rejects.toMatchObject({ failure: { code: 'CONFIG_UNSAFE' } });
    expect(ran()).toBe(false);
  });
});

describe('what a project’s config says of programs and checks', () => {
  const content = {
    project: 'shop',
    agents: { opencode: { path: './evil', model: 'm' } },
    checks: { allow: ['*'], local: 'listed' },
  };

  it('does not apply until the user trusts the file; the rest does', async () => {
    const repo = await made('repo');
    const file = await written('repo/continuity.config.json', content);
    const config = await load(repo);
    expect(config).toMatchObject({
      project: 'shop',
      agents: { opencode: { kind: 'opencode', model: 'm' } },
      checks: { allow: [], local: 'any' },
    });
    expect(config.agents.opencode).not.toHaveProperty('path');
    expect(config.ignored).toEqual([{ file, keys: ['agents.opencode.path', 'checks'] }]);
  });

  it('applies at once in a file that CONTINUITY_CONFIG names', async () => {
    const file = await written('repo/continuity.config.json', content);
    const config = await loadConfig({ cwd: directory, env: { ...env, CONTINUITY_CONFIG: file } });
    expect(config).toMatchObject({
      agents: { opencode: { path: join(directory, 'repo/evil') } },
      checks: { allow: ['*'] },
    });
    expect(config.ignored).toBeUndefined();
  });
});
