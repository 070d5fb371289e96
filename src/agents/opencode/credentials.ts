/**
 * Whether OpenCode has what it needs to reach a model, as far as its files and its environment show it. Starts nothing.
 *
 * Where OpenCode 1.18.33 looks: `auth.json` in its data directory, `OPENCODE_AUTH_CONTENT`, `provider` in its config, and the variables
 * that its list of providers (`models.json` in its cache, from models.dev) names. What can't be known that way is no problem: a plugin
 * may log in, and a cloud has ways of its own.
 */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { failure, type Failure } from '../../contract/failures.js';
import type { Env } from './store.js';

interface Providers {
  [provider: string]: { env?: string[]; models?: Record<string, unknown> };
}
interface OpenCodeConfig {
  model?: string;
  provider?: Providers;
  plugin?: unknown[];
}

/** Their credentials may be in files of their own, and the models of `opencode` need none. */
const OTHER_WAYS = ['opencode', 'amazon-bedrock', 'google-vertex', 'google-vertex-anthropic', 'azure'];
/** For a provider that is not in the list of providers. */
const LOOKS_LIKE_A_KEY = /_(API_KEY|AUTH_TOKEN|API_TOKEN)$|^(AWS|AZURE|GOOGLE)_|^GITHUB_TOKEN$/;
const NAMES = ['config.json', 'opencode.json', 'opencode.jsonc'];

/** AGENT_AUTH or MODEL_FAILED with the command that mends it. `named`: the model in our own config. */
export async function missingForModel(named: string | undefined, env: Env, cwd = process.cwd()): Promise<Failure | undefined> {
  const authFile = join(folder(env, 'XDG_DATA_HOME', '.local/share'), 'auth.json');
  const [configs, auth, list] = await Promise.all([configsOf(env, cwd), readJson(authFile), readJson(join(folder(env, 'XDG_CACHE_HOME', '.cache'), 'models.json'))]);
  const all = configs as OpenCodeConfig[];
  if (configs.includes(UNREADABLE) || [auth, list].includes(UNREADABLE) || all.some(({ plugin }) => plugin?.length)) return undefined;
  const own: Providers = Object.assign({}, ...all.map(({ provider }) => provider ?? {})) as Providers;
  const listed = (list ?? {}) as Providers;
  const isSet = (name: string) => Boolean(env[name]);
  const keys = Object.keys(env).filter((name) => LOOKS_LIKE_A_KEY.test(name) && isSet(name));
  const known = [...Object.keys(own), ...Object.keys(auth ?? {}), ...Object.keys(parsed(env['OPENCODE_AUTH_CONTENT'] ?? '{}') ?? {})];
  const hasKey = (provider: string) => listed[provider]?.env?.some(isSet) ?? keys.length > 0;

  const model = named ?? all.findLast((config) => config.model !== undefined)?.model;
  const [provider, ...rest] = model?.split('/') ?? [];
  const looked = `Looked in ${authFile}, in OpenCode's config and in the environment.`;
  if (provider === undefined || rest.length === 0) {
    if (known.length > 0 || keys.length > 0 || Object.keys(listed).some((one) => listed[one]?.env?.some(isSet))) return undefined;
    return failure('AGENT_AUTH', `OpenCode has no credentials of any provider, and no model is chosen. ${looked}`, 'Run: opencode auth login. Then see the models with: opencode models');
  }
  if (OTHER_WAYS.includes(provider)) return undefined;
  if (!known.includes(provider) && !hasKey(provider)) {
    return failure('AGENT_AUTH', `OpenCode has no credentials of provider ${provider}, for model ${model}. ${looked}`, `Run: opencode auth login, and choose ${provider}. Or choose a model that is there: opencode models`);
  }
  const models = { ...listed[provider]?.models, ...own[provider]?.models };
  if (Object.keys(models).length === 0 || rest.join('/') in models) return undefined;
  return failure('MODEL_FAILED', `Provider ${provider} of OpenCode has no model ${rest.join('/')}.`, `Choose one of those that this lists: opencode models ${provider}`);
}

const UNREADABLE = Symbol('a file that cannot be read');

/** From the weakest to the strongest. */
async function configsOf(env: Env, cwd: string): Promise<unknown[]> {
  const named = env['OPENCODE_CONFIG'];
  const folders = [folder(env, 'XDG_CONFIG_HOME', '.config'), env['OPENCODE_CONFIG_DIR'] ?? '', ...parentsOf(cwd).flatMap((parent) => [parent, join(parent, '.opencode')])];
  const files = [...folders.filter(Boolean).flatMap((one) => NAMES.map((name) => join(one, name))), ...(named ? [named] : [])];
  const content = env['OPENCODE_CONFIG_CONTENT'];
  const found = await Promise.all(files.map(readJson));
  return [...found, content && parsed(content)].filter((one) => one !== undefined && one !== '');
}

function parentsOf(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [...parentsOf(parent), path];
}

function folder(env: Env, xdg: string, otherwise: string): string {
  return join(env[xdg] || join(env['HOME'] || homedir(), otherwise), 'opencode');
}

/** Nothing where there is no file. */
async function readJson(file: string): Promise<unknown> {
  try {
    return parsed(await readFile(file, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : UNREADABLE;
  }
}

/** JSON with comments and commas at the end, as OpenCode reads it. */
function parsed(text: string): unknown {
  const plain = text.replace(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[^]*?\*\//g, '$1').replace(/("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g, '$1');
  try {
    const value: unknown = JSON.parse(plain);
    return typeof value === 'object' && value !== null ? value : UNREADABLE;
  } catch {
    return UNREADABLE; // SyntaxError
  }
}
