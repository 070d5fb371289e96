import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigInvalid, loadConfig } from '../../../src/config.js';

let directory: string;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'continuity-config-')));
  env = {
    HOME: directory,
    XDG_CONFIG_HOME: join(directory, 'own'),
    XDG_STATE_HOME: join(directory, 'state'),
    CONTINUITY_DATA_DIR: join(directory, 'data'),
  };
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function written(content: unknown, name = 'continuity.config.json'): Promise<string> {
  const file = join(directory, name);
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

async function refusalOf(content: unknown, name?: string): Promise<string> {
  const file = await written(content, name);
  const error: unknown = await loadConfig({ cwd: directory, env }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigInvalid);
  expect(error).toMatchObject({
    failure: { code: 'CONFIG_INVALID', fix: expect.stringContaining('config') as string },
  });
  return (error as Error).message.replaceAll(file, 'FILE');
}

describe('without a config file', () => {
  it('the eight categories, the agent and the limits are there', async () => {
    await mkdir(join(directory, 'empty'));
    const config = await loadConfig({ cwd: join(directory, 'empty'), env });
    expect(Object.keys(config.categories).sort()).toEqual(
      [
        'artistry',
        'deep',
        'quick',
        'ultrabrain',
        'unspecified-high',
        'unspecified-low',
        'visual-engineering',
        'writing',
      ].sort(),
    );
    expect(config).toMatchObject({
      agents: { opencode: { kind: 'opencode' } },
      limits: { turnTimeoutMs: 7_200_000, stallTimeoutMs: 900_000, turnsPerHost: 4 * availableParallelism() },
      warmAgent: true,
      onLost: 'replace',
    });
    expect(config.defaultAgent).toBeUndefined();
    expect(config.file).toBeUndefined();
  });

  it('every category has its own description and appendix, and no model', async () => {
    const categories = Object.values((await loadConfig({ cwd: directory, env })).categories);
    expect(new Set(categories.map(({ instructions }) => instructions)).size).toBe(8);
    for (const { description, instructions, model } of categories) {
      expect(description.length).toBeGreaterThan(20);
      expect(instructions.length).toBeGreaterThan(100);
      expect(instructions.length).toBeLessThanOrEqual(600);
      expect(model).toBeUndefined();
    }
  });

  it('a name that every object inherits is not a category', async () => {
    const { categories, agents } = await loadConfig({ cwd: directory, env });
    expect(categories.constructor).toBeUndefined();
    expect('toString' in agents).toBe(false);
  });
});

describe('a config file', () => {
  it('changes one field of a built-in category and leaves the rest', async () => {
    await written({ categories: { quick: { model: 'local/small' } } });
    const { quick } = (await loadConfig({ cwd: directory, env })).categories;
    expect(quick).toMatchObject({
      model: 'local/small',
      description: expect.stringContaining('Small') as string,
      instructions: expect.stringContaining('smallest') as string,
    });
  });

  it('adds categories and agents, and names the default agent', async () => {
    await written({
      defaultAgent: 'planner',
      agents: { planner: { kind: 'opencode', mode: 'plan' } },
      categories: { review: { description: 'Reads changes.', agent: 'planner' } },
    });
    const config = await loadConfig({ cwd: directory, env });
    expect(config.defaultAgent).toBe('planner');
    expect(config.agents.planner).toEqual({ kind: 'opencode', mode: 'plan' });
    expect(config.agents.opencode).toEqual({ kind: 'opencode' });
    expect(config.categories.review).toEqual({ description: 'Reads changes.', instructions: '', agent: 'planner' });
  });

  it.each([
    ['"30m"', '30m', 1_800_000],
    ['"2 hours"', '2 hours', 7_200_000],
    ['milliseconds', 90_000, 90_000],
  ])('takes a limit as %s', async (_, value, expected) => {
    await written({ limits: { stallTimeout: value } });
    expect((await loadConfig({ cwd: directory, env })).limits.stallTimeoutMs).toBe(expected);
  });

  it.each([
    ['continuity.config.yaml', 'project: shop\n'],
    ['continuity.config.yml', 'project: shop\n'],
    ['continuity.config.toml', 'project = "shop"\n'],
  ])('can be %s', async (name, content) => {
    const file = await written(content, name);
    expect(await loadConfig({ cwd: directory, env })).toMatchObject({ project: 'shop', file });
  });

  it.each([
    ['named.mjs', 'export default { project: "shop" };\n'],
    ['named.cjs', 'module.exports = { project: "shop" };\n'],
  ])('can be the program %s where CONTINUITY_CONFIG names it', async (name, content) => {
    const file = await written(content, name);
    expect(await loadConfig({ cwd: directory, env: { ...env, CONTINUITY_CONFIG: file } })).toMatchObject({
      project: 'shop',
      file,
    });
  });

  it('can be a program in the user’s own config directory', async () => {
    await mkdir(join(directory, 'own', 'continuity'), { recursive: true });
    const file = await written(
      'export default { agents: { opencode: { path: "./bin/mine" } } };',
      'own/continuity/config.mjs',
    );
    const config = await loadConfig({ cwd: directory, env });
    expect(config).toMatchObject({ file, agents: { opencode: { path: join(directory, 'own/continuity/bin/mine') } } });
    expect(config.ignored).toBeUndefined();
  });

  it('is found from a directory below it', async () => {
    const file = await written({ project: 'shop' });
    const below = join(directory, 'a', 'b');
    await mkdir(below, { recursive: true });
    expect((await loadConfig({ cwd: below, env })).file).toBe(file);
  });

  it('that is empty changes nothing', async () => {
    const file = await written('');
    expect(await loadConfig({ cwd: directory, env })).toMatchObject({ file, onLost: 'replace' });
  });

  it('can be named by CONTINUITY_CONFIG, which goes before the one that is near', async () => {
    await written({ project: 'near' });
    const file = await written({ project: 'named' }, 'other.json');
    expect(await loadConfig({ cwd: directory, env: { ...env, CONTINUITY_CONFIG: 'other.json' } })).toMatchObject({
      project: 'named',
      file,
    });
  });

  it('that CONTINUITY_CONFIG names must exist', async () => {
    await expect(loadConfig({ cwd: directory, env: { ...env, CONTINUITY_CONFIG: 'gone.json' } })).rejects.toThrow(
      `CONTINUITY_CONFIG names ${join(directory, 'gone.json')}, which does not exist.`,
    );
  });
});

describe('a bad field is named, with what it must be and what it is', () => {
  it.each<[string, unknown, string]>([
    [
      'a kind that there is not',
      { agents: { opencode: { kind: 'codecs' } } },
      'agents.opencode.kind in FILE must be one of "opencode", "claude-code", "codex", "acp", got "codecs".',
    ],
    [
      'a new agent without a kind',
      { agents: { fast: {} } },
      'agents.fast.kind in FILE is missing; it says which kind of agent this is: "opencode", "claude-code", "codex", "acp".',
    ],
    [
      'a field of the wrong type',
      { agents: { opencode: { model: 7 } } },
      'agents.opencode.model in FILE must be text, got 7.',
    ],
    ['a blank field', { project: ' ' }, 'project in FILE must not be blank, got " ".'],
    [
      'a misspelt key',
      { agents: { opencode: { modell: 'x' } } },
      'agents.opencode in FILE has no key "modell"; did you mean "model"? It takes: kind, path, command, preset, model, fallbackModels, variant, mode, settingSources, permissionMode, asks, cacheLifetime, leftBehind, memoryLimitMiB.',
    ],
    [
      'a fallback model that is no text',
      { agents: { opencode: { fallbackModels: ['a', 1] } } },
      "agents.opencode.fallbackModels.1 in FILE must be a model in the agent's spelling: printable, on one line, at most 200 characters, got 1.",
    ],
    [
      'a memory limit for another kind of agent',
      { agents: { 'claude-code': { memoryLimitMiB: 4096 } } },
      'agents.claude-code.memoryLimitMiB in FILE is only for agents of kind "opencode", got 4096.',
    ],
    [
      'a misspelt key at the top',
      { catgories: {} },
      'FILE has no key "catgories"; did you mean "categories"? It takes: project, defaultAgent, agents, categories, limits, checks, prices, workspace, warmAgent, onLost, onFull, onCold.',
    ],
    [
      'a policy that there is not',
      { onLost: 'panic' },
      'onLost in FILE must be one of "replace", "fail", got "panic".',
    ],
    ['a list instead of an object', { agents: [] }, 'agents in FILE must be an object of names, got [].'],
    ['text instead of an object', { limits: 'none' }, 'limits in FILE must be an object, got "none".'],
    ['a file that holds no object', '[1]', 'FILE must be an object, got [1].'],
    [
      'a number of turns that is none',
      { limits: { turnsPerHost: 0 } },
      'limits.turnsPerHost in FILE must be a whole number from 1 to 1000, got 0.',
    ],
    [
      'a budget of nothing',
      { limits: { costPerTurn: 0 } },
      'limits.costPerTurn in FILE must be a number above 0, got 0.',
    ],
    [
      'a budget that is no number',
      { limits: { costPerTopic: '5' } },
      'limits.costPerTopic in FILE must be a number above 0, got "5".',
    ],
    [
      'a budget below nothing',
      { limits: { tokensPerTurn: -1 } },
      'limits.tokensPerTurn in FILE must be a whole number above 0, got -1.',
    ],
    [
      'half a step',
      { limits: { stepsPerTurn: 1.5 } },
      'limits.stepsPerTurn in FILE must be a whole number above 0, got 1.5.',
    ],
    [
      'a life of the cache that is none',
      { agents: { codex: { cacheLifetime: 'long' } } },
      'agents.codex.cacheLifetime in FILE must be a duration from 1 second to 24 days, such as "30m", "2 hours" or a number of milliseconds, got "long".',
    ],
    ...([0, -1, 'x'] as const).map((above): [string, unknown, string] => [
      `a cold session above ${above}`,
      { onCold: { above } },
      `onCold.above in FILE must be a number above 0, got ${JSON.stringify(above)}.`,
    ]),
    [
      'a cold session of no size',
      { onCold: { aboveTokens: 0 } },
      'onCold.aboveTokens in FILE must be a whole number above 0, got 0.',
    ],
    [
      'a deed for cold sessions that is none',
      { onCold: { do: 'panic' } },
      'onCold.do in FILE must be one of "continue", "ask", "compact", "replace", got "panic".',
    ],
    [
      'a price below nothing',
      { prices: [{ model: 'a', input: -1, output: 1 }] },
      'prices.0.input in FILE must be a number of US dollars for a million tokens, at least 0, got -1.',
    ],
    ['a switch that is neither', { warmAgent: 'no' }, 'warmAgent in FILE must be true or false, got "no".'],
    [
      'a duration that is none',
      { limits: { turnTimeout: 'soon' } },
      'limits.turnTimeout in FILE must be a duration from 1 second to 24 days, such as "30m", "2 hours" or a number of milliseconds, got "soon".',
    ],
    [
      'a duration that is too short',
      { limits: { turnTimeout: '5' } },
      'limits.turnTimeout in FILE must be a duration from 1 second to 24 days, such as "30m", "2 hours" or a number of milliseconds, got "5".',
    ],
    [
      'a default agent that there is not',
      { defaultAgent: 'opencod' },
      'defaultAgent in FILE must be an agent of the config (opencode, claude-code, codex), got "opencod"; did you mean "opencode"?',
    ],
    [
      'a category with an agent that there is not',
      { categories: { quick: { agent: 'ghost' } } },
      'categories.quick.agent in FILE must be an agent of the config (opencode, claude-code, codex), got "ghost".',
    ],
    [
      'a new category without a description',
      { categories: { review: {} } },
      'categories.review.description in FILE is missing; it says in a sentence what the category is for.',
    ],
    [
      'instructions that are too long',
      { categories: { quick: { instructions: 'x'.repeat(2001) } } },
      `categories.quick.instructions in FILE must be at most 2000 characters long, got "${'x'.repeat(76)}….`,
    ],
    ['a check that is no text', { checks: { allow: [1] } }, 'checks.allow.0 in FILE must be text, got 1.'],
    [
      'a word for local checks that there is not',
      { checks: { local: 'all' } },
      'checks.local in FILE must be one of "any", "listed", got "all".',
    ],
    [
      'a name that is none',
      { agents: { ' x': { kind: 'opencode' } } },
      'agents in FILE has a name that must be a name: printable, on one line, at most 200 characters, got " x".',
    ],
  ])('%s', async (_, content, message) => {
    expect(await refusalOf(content)).toBe(message);
  });

  it('and so are all others of the file', async () => {
    expect(await refusalOf({ project: 1, limits: { turnTimeout: true } })).toBe(
      'FILE has 2 bad fields:\n- project in FILE must be text, got 1.\n- limits.turnTimeout in FILE must be a duration from 1 second to 24 days, such as "30m", "2 hours" or a number of milliseconds, got true.',
    );
  });

  it.each([
    ['continuity.config.json', '{ "project": '],
    ['continuity.config.yaml', 'project: [\n'],
    ['continuity.config.toml', 'project = \n'],
    ['named.mjs', 'export default {'],
    ['named.cjs', 'throw new Error("boom")'],
  ])('a broken %s is named with the reason', async (name, content) => {
    if (name.startsWith('named')) env.CONTINUITY_CONFIG = join(directory, name);
    expect(await refusalOf(content, name)).toMatch(/^FILE cannot be read: \S/);
  });
});

describe('the data directory', () => {
  it('is what the caller says, else what the environment says, else in the user’s data directory', async () => {
    expect((await loadConfig({ cwd: directory, dataDir: 'mine', env })).dataDir).toBe(join(directory, 'mine'));
    expect((await loadConfig({ cwd: directory, env })).dataDir).toBe(join(directory, 'data'));
    expect((await loadConfig({ cwd: directory, env: {} })).dataDir).toMatch(/continuity$/);
  });
});

describe('a config file behind a link', () => {
  it('is found where the link stands', async () => {
    await written({ project: 'shop' });
    const link = join(directory, 'linked');
    await mkdir(join(directory, 'real'));
    await symlink(join(directory, 'real'), link);
    expect((await loadConfig({ cwd: link, env })).project).toBe('shop');
  });
});
