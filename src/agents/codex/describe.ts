/** Describes Codex for `doctor`. */
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import * as z from 'zod';
import type { AgentConfig } from '../../config.js';
import { failure } from '../../contract/failures.js';
import { rangeOf, SUPPORTED, supportOf, verdictOn } from '../../host/supported-versions.js';
import { AgentError, type AgentDescription } from '../agent.js';
import { findCodex } from './program.js';
import type { Env } from './store.js';
import { howToLogIn } from './failures.js';
import { codexVersion, refusalOfVersion } from './version.js';

interface Places {
  store: string;
  log: string;
}

const Toml = z.object({
  cli_auth_credentials_store: z.string().optional().catch(undefined),
  model: z.string().optional().catch(undefined),
  model_provider: z.string().optional().catch(undefined),
  model_providers: z.record(z.string(), z.object({ env_key: z.string().optional().catch(undefined) })).catch({}),
});

/** Starts no server. It only asks the program for its version. */
export async function describeCodex(where: Places, { path, model }: AgentConfig, env: Env): Promise<AgentDescription> {
  const places = { ...where, install: SUPPORTED.codex.mend };
  let program: string;
  let version: string;
  try {
    program = await findCodex(path, env);
    version = await codexVersion(program, env);
  } catch (error) {
    if (error instanceof AgentError) return { ...places, problem: error.failure };
    throw error;
  }
  const toml = await configIn(places.store);
  const credentials = await credentialsIn(places.store, toml, env);
  const unable =
    credentials === undefined
      ? failure('AGENT_AUTH', 'Codex has no credentials.', howToLogIn(keyOfProvider(toml)))
      : undefined;
  const problem = refusalOfVersion(program, version) ?? unable;
  const isNewer = verdictOn(SUPPORTED.codex, version) === 'newer';
  return {
    ...places,
    program,
    version,
    support: supportOf(SUPPORTED.codex, version),
    model: model ?? toml.model ?? "Codex's own default",
    credentials: credentials ?? 'none',
    ...(isNewer && { note: `Codex ${version} is newer than what was tried (${rangeOf(SUPPORTED.codex)}).` }),
    ...(problem && { problem }),
  };
}

async function configIn(store: string): Promise<z.infer<typeof Toml>> {
  try {
    return Toml.parse(parse(await readFile(join(store, 'config.toml'), 'utf8')));
  } catch {
    return Toml.parse({}); // ENOENT, TomlError. Codex itself reports a bad file when it starts.
  }
}

const keyOfProvider = ({ model_provider = '', model_providers }: z.infer<typeof Toml>) =>
  model_providers[model_provider]?.env_key;

/** In words. A provider of the person's own without a key needs none. */
async function credentialsIn(
  store: string,
  { model_provider, model_providers, cli_auth_credentials_store: kept = 'file' }: z.infer<typeof Toml>,
  env: Env,
): Promise<string | undefined> {
  const provider = model_provider === undefined ? undefined : model_providers[model_provider];
  if (provider) {
    const { env_key } = provider;
    if (env_key === undefined) return `provider ${model_provider}, which needs no key`;
    return env[env_key] ? `${env_key}, for provider ${model_provider}` : undefined;
  }
  const file = join(store, 'auth.json');
  if (await isThere(file)) return `login in ${file}`;
  const key = ['CODEX_API_KEY', 'OPENAI_API_KEY'].find((name) => env[name]);
  return key ?? (kept === 'file' ? undefined : "the system's keyring, which was not looked into");
}

async function isThere(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false; // ENOENT, EACCES: Codex could not use the file.
  }
}
