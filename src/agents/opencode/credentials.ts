/**
 * Checks whether OpenCode has what it needs to reach a model, as far as its files and its
 * environment show. Starts nothing.
 *
 * OpenCode 1.18.33 looks in `auth.json` in its data directory, in `OPENCODE_AUTH_CONTENT`, in
 * `provider` of its config, and at the variables that its list of providers names (`models.json` in
 * its cache, from models.dev). What these do not show is not reported as a problem: a plugin may
 * log in, and clouds have their own ways.
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

/**
 * These providers may keep credentials in files of their own. The models of `opencode` need none.
 */
const OTHER_WAYS = ['opencode', 'amazon-bedrock', 'google-vertex', 'google-vertex-anthropic', 'azure'];
/** Used for a provider that is not in the list of providers. */
const LOOKS_LIKE_A_KEY =
  /_(API_KEY|AUTH_TOKEN|API_TOKEN)$|^AWS_(ACCESS_KEY_ID|PROFILE|BEARER_TOKEN_\w+|WEB_IDENTITY_TOKEN_FILE|CONTAINER_CREDENTIALS_\w+)$|^AZURE_\w*(KEY|TOKEN|SECRET)$|^GOOGLE_APPLICATION_CREDENTIALS$|^GITHUB_TOKEN$/;
const NAMES = ['config.json', 'opencode.json', 'opencode.jsonc'];

interface ModelAccess {
  /**
   * In words: the model that a session uses when the prompt names none, and which config chose it.
   */
  model: string;
  /** In words: which credentials were found. Never a key itself. */
  credentials: string;
  /** AGENT_AUTH or MODEL_UNKNOWN, with the command that solves it. */
  problem?: Failure;
  /** Nothing is certainly wrong, but the person may be surprised. */
  note?: string;
}

/** @param named the model in our own config */
export async function modelAccess(named: string | undefined, env: Env, cwd = process.cwd()): Promise<ModelAccess> {
  const found = await lookAround(env, cwd);
  const { known, variables } = found;
  const model = named ?? found.configs.findLast((config) => config.model !== undefined)?.model;
  const names = [...known, ...variables];
  const access: ModelAccess = {
    model:
      model === undefined
        ? 'not chosen'
        : `${model} (from ${named === undefined ? 'the config of OpenCode' : 'continuity.config'})`,
    credentials: `${names.slice(0, MOST_NAMED).join(', ') || 'none found'}${names.length > MOST_NAMED ? ', …' : ''}`,
  };
  if (found.unknowable) return access;
  const [provider, ...rest] = model?.split('/') ?? [];
  if (model === undefined || provider === undefined || rest.length === 0) return { ...access, ...withoutModel(found) };
  return { ...access, ...withModel(found, model, provider, rest.join('/')) };
}

const MOST_NAMED = 5;
const LOG_IN = 'Run: opencode auth login';

type Advice = Pick<ModelAccess, 'problem' | 'note'>;

/**
 * The verdict when no model is chosen, so that OpenCode chooses one. Without a usable login it
 * chooses a free model of its own (1.18.33: opencode/big-pickle), and reports that nowhere.
 */
function withoutModel({ known, variables, looked }: Found): Advice {
  const nothing = known.length === 0 && variables.length === 0;
  if (nothing)
    return {
      problem: failure(
        'AGENT_AUTH',
        `OpenCode has no credentials for any provider, and no model is chosen. ${looked}`,
        `${LOG_IN}. Then see the models with: opencode models`,
      ),
    };
  if (known.length > 0) return {};
  const note = `No model is chosen, and OpenCode has no login. The environment has only ${variables.slice(0, MOST_NAMED).join(', ')}. If no provider accepts that, OpenCode answers with a free model of its own.`;
  return {
    note: `${note} ${LOG_IN}. Or choose a model that this lists: opencode models (agents.opencode.model in continuity.config)`,
  };
}

function withModel(
  { known, list, own, keys, isSet, looked }: Found,
  model: string,
  provider: string,
  name: string,
): Advice {
  if (provider === 'opencode' && known.length === 0)
    return {
      note: `${model} is a model of OpenCode itself, and OpenCode has no login of another provider. To use one: opencode auth login`,
    };
  if (OTHER_WAYS.includes(provider)) return {};
  const hasKey = list[provider]?.env?.some(isSet) ?? keys.length > 0;
  if (!known.includes(provider) && !hasKey) {
    return {
      problem: failure(
        'AGENT_AUTH',
        `OpenCode has no credentials for provider ${provider}, which model ${model} needs. ${looked}`,
        `${LOG_IN}, and choose ${provider}. Or choose a model that this lists: opencode models`,
      ),
    };
  }
  const models = { ...list[provider]?.models, ...own[provider]?.models };
  if (Object.keys(models).length === 0 || name in models) return {};
  return {
    problem: failure(
      'MODEL_UNKNOWN',
      `Provider ${provider} of OpenCode has no model ${name}.`,
      `Choose one of those that this lists: opencode models ${provider}`,
    ),
  };
}

interface Found {
  configs: OpenCodeConfig[];
  /** The providers in the configs. */
  own: Providers;
  /** OpenCode's list of providers. Empty before its first start. */
  list: Providers;
  /** Providers with a login, and providers in a config. */
  known: string[];
  /** Variables that look like a key. */
  keys: string[];
  /** The variables in `keys`, and those that the list of providers names. */
  variables: string[];
  isSet: (variable: string) => boolean;
  /** A plugin may log in, or a file can't be read. */
  unknowable: boolean;
  /** A sentence that says where was looked. */
  looked: string;
}

async function lookAround(env: Env, cwd: string): Promise<Found> {
  const authFile = join(folder(env, 'XDG_DATA_HOME', '.local/share'), 'auth.json');
  const [read, auth, models] = await Promise.all([
    configsOf(env, cwd),
    readJson(authFile),
    readJson(join(folder(env, 'XDG_CACHE_HOME', '.cache'), 'models.json')),
  ]);
  const configs = read.filter((one) => one !== UNREADABLE) as OpenCodeConfig[];
  const own = Object.assign({}, ...configs.map(({ provider }) => provider ?? {})) as Providers;
  const list = (models === UNREADABLE ? {} : (models ?? {})) as Providers;
  const isSet = (name: string) => Boolean(env[name]);
  const keys = Object.keys(env).filter((name) => LOOKS_LIKE_A_KEY.test(name) && isSet(name));
  const listed = Object.values(list)
    .flatMap((provider) => provider.env ?? [])
    .filter(isSet);
  return {
    configs,
    own,
    list,
    known: [
      ...new Set([
        ...Object.keys(own),
        ...Object.keys(auth ?? {}),
        ...Object.keys(parsed(env['OPENCODE_AUTH_CONTENT'] ?? '{}') ?? {}),
      ]),
    ],
    keys,
    variables: [...new Set([...keys, ...listed])],
    isSet,
    unknowable:
      read.includes(UNREADABLE) || [auth, models].includes(UNREADABLE) || configs.some(({ plugin }) => plugin?.length),
    looked: `Looked in ${authFile}, in OpenCode's config and in the environment.`,
  };
}

const UNREADABLE = Symbol('a file that cannot be read');

/** The configs, from the weakest to the strongest. */
async function configsOf(env: Env, cwd: string): Promise<unknown[]> {
  const named = env['OPENCODE_CONFIG'];
  const folders = [
    folder(env, 'XDG_CONFIG_HOME', '.config'),
    env['OPENCODE_CONFIG_DIR'] ?? '',
    ...parentsOf(cwd).flatMap((parent) => [parent, join(parent, '.opencode')]),
  ];
  const files = [
    ...folders.filter(Boolean).flatMap((one) => NAMES.map((name) => join(one, name))),
    ...(named ? [named] : []),
  ];
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

/** `undefined` when the file does not exist. */
async function readJson(file: string): Promise<unknown> {
  try {
    return parsed(await readFile(file, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : UNREADABLE;
  }
}

/** Parses JSON with comments and trailing commas, as OpenCode does. */
function parsed(text: string): unknown {
  const plain = text
    .replace(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[^]*?\*\//g, '$1')
    .replace(/("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g, '$1');
  try {
    const value: unknown = JSON.parse(plain);
    return typeof value === 'object' && value !== null ? value : UNREADABLE;
  } catch {
    return UNREADABLE; // SyntaxError
  }
}
