/**
 * What doctor reports of an OpenCode that cannot reach a model. The program is a fake that only has
 * a version.
 */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createOpenCode } from '../../../support/opencode-agent.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'continuity-credentials-'));
  await write('opencode', '#!/bin/sh\necho 1.18.33\n');
  await chmod(join(dir, 'opencode'), 0o755);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function write(path: string, content: string | object): Promise<void> {
  const file = join(dir, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
}

type Asked = { model?: string; env?: Record<string, string> };

const problemWith = async (asked?: Asked) => (await described(asked)).problem;

async function described({ model, env = {} }: Asked = {}) {
  const config = { kind: 'opencode' as const, path: join(dir, 'opencode'), ...(model !== undefined && { model }) };
  const agent = createOpenCode({
    name: 'opencode',
    config,
    dataDir: join(dir, 'continuity'),
    env: { HOME: dir, PATH: process.env.PATH, ...env },
    log: () => undefined,
  });
  return agent.describe();
}

const AUTH = '.local/share/opencode/auth.json';
const CONFIG = '.config/opencode/opencode.jsonc';
const LIST = '.cache/opencode/models.json';
const LOCAL =
  '{ // mine\n "provider": { "local": { "models": { "small": {}, } } }, "model": "local/small" /* http://x */ }';

test('without credentials or a provider, doctor names the command that logs in', async () => {
  expect(await problemWith()).toMatchObject({
    code: 'AGENT_AUTH',
    message: expect.stringContaining(join(dir, AUTH)) as string,
    fix: expect.stringMatching(/opencode auth login.*opencode models/) as string,
  });
});

test('a setting of a cloud that is no key is no credential', async () => {
  expect(
    await problemWith({ env: { AWS_CA_BUNDLE: '/ca.pem', AWS_REGION: 'eu', GOOGLE_CLOUD_PROJECT: 'p' } }),
  ).toMatchObject({ code: 'AGENT_AUTH' });
  expect(await problemWith({ env: { AWS_PROFILE: 'work' } })).toBeUndefined();
});

test('credentials of another provider than the one of the model are not enough', async () => {
  await write(AUTH, { openai: { type: 'api', key: 'k' } });
  expect(await problemWith({ model: 'anthropic/claude' })).toMatchObject({
    code: 'AGENT_AUTH',
    message: expect.stringContaining('provider anthropic, which model anthropic/claude') as string,
  });
});

test('a model that the provider does not have is named, with the command that lists them', async () => {
  await write(CONFIG, LOCAL);
  expect(await problemWith({ model: 'local/smal' })).toMatchObject({
    code: 'MODEL_UNKNOWN',
    message: expect.stringContaining('no model smal') as string,
    fix: expect.stringContaining('opencode models local') as string,
  });
});

describe('nothing is wrong', () => {
  test.each<[string, () => Promise<void>, Parameters<typeof problemWith>[0]]>([
    ['with credentials', () => write(AUTH, { anthropic: { type: 'oauth' } }), { model: 'anthropic/claude' }],
    ['with a key in the environment', () => Promise.resolve(), { env: { ANTHROPIC_API_KEY: 'k' } }],
    [
      'with a variable that the list of providers names',
      () => write(LIST, { odd: { env: ['ODD_SECRET'], models: { one: {} } } }),
      { model: 'odd/one', env: { ODD_SECRET: 'k' } },
    ],
    ['with a provider in a config that has comments', () => write(CONFIG, LOCAL), {}],
    ['with a plugin that may log in', () => write(CONFIG, { plugin: ['some-auth'] }), { model: 'anthropic/claude' }],
    ['with a config that can’t be read here', () => write(CONFIG, '{ "provider": '), {}],
    ['with a model of OpenCode itself', () => Promise.resolve(), { model: 'opencode/free' }],
  ])('%s', async (_which, prepare, asked) => {
    await prepare();
    expect(await problemWith(asked)).toBeUndefined();
  });
});

describe('doctor says which model a session uses, and what credentials were found', () => {
  test('a model of our own config, with the login of its provider', async () => {
    await write(AUTH, { anthropic: { type: 'oauth' } });
    expect(await described({ model: 'anthropic/claude' })).toMatchObject({
      model: 'anthropic/claude (from continuity.config)',
      credentials: 'anthropic',
    });
  });

  test('a model of OpenCode’s config, with its provider', async () => {
    await write(CONFIG, LOCAL);
    expect(await described()).toMatchObject({
      model: 'local/small (from the config of OpenCode)',
      credentials: 'local',
    });
  });

  test('no model and nothing but a variable: a note says that OpenCode may answer with a free model, and how to log in', async () => {
    const note = expect.stringMatching(/No model is chosen.*GITHUB_TOKEN.*free model.*opencode auth login/) as string;
    expect(await described({ env: { GITHUB_TOKEN: 'secret' } })).toMatchObject({
      model: 'not chosen',
      credentials: 'GITHUB_TOKEN',
      note,
    });
  });

  test('a free model of OpenCode without any login: a note says so, and how to log in', async () => {
    expect(await described({ model: 'opencode/big-pickle' })).toMatchObject({
      note: expect.stringMatching(/opencode\/big-pickle is a model of OpenCode itself.*opencode auth login/) as string,
    });
  });

  test('a model with a login needs no note', async () => {
    await write(AUTH, { anthropic: { type: 'oauth' } });
    expect((await described({ model: 'anthropic/claude' })).note).toBeUndefined();
  });
});
