/** Describes Claude Code for `doctor`. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentConfig } from '../../config.js';
import { failure } from '../../contract/failures.js';
import { rangeOf, SUPPORTED, supportOf, verdictOn } from '../../host/supported-versions.js';
import { AgentError, type AgentDescription } from '../agent.js';
import { findClaude, refusalOfVersion, versionOfClaude } from './program.js';
import type { ClaudeHome } from './home.js';
import { refusalToRoot } from './settings.js';
import { configDirOf, type Env } from './store.js';

const VARIABLES = [
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_AUTH_TOKEN',
  'CLAUDE_CODE_OAUTH_TOKEN',
  'CLAUDE_CODE_USE_BEDROCK',
  'CLAUDE_CODE_USE_VERTEX',
  'CLAUDE_CODE_USE_FOUNDRY',
];

/** Starts nothing. It only asks the program for its version. */
export async function describeClaude(
  { store, folder, env }: ClaudeHome,
  config: AgentConfig,
): Promise<AgentDescription> {
  const places = { store, log: join(folder, 'runs'), install: SUPPORTED.claudeCode.mend };
  const { path, model } = config;
  let program: string;
  let version: string;
  try {
    program = await findClaude(path, env);
    version = await versionOfClaude(program, env);
  } catch (error) {
    if (error instanceof AgentError) return { ...places, problem: error.failure };
    throw error;
  }
  const credentials = await credentialsIn(env);
  const problem =
    refusalOfVersion(program, version) ??
    refusalToRoot(config, env) ??
    (credentials === undefined ? noCredentials(env) : undefined);
  const isNewer = verdictOn(SUPPORTED.claudeCode, version) === 'newer';
  return {
    ...places,
    program,
    version,
    support: supportOf(SUPPORTED.claudeCode, version),
    model: model ?? 'that of Claude Code',
    credentials: credentials ?? 'none found',
    ...(isNewer && { note: `Claude Code ${version} is newer than what was tried (${rangeOf(SUPPORTED.claudeCode)}).` }),
    ...(problem && { problem }),
  };
}

async function credentialsIn(env: Env): Promise<string | undefined> {
  const set = VARIABLES.filter((name) => env[name]);
  const file = join(configDirOf(env), '.credentials.json');
  const hasFile = await access(file).then(
    () => true,
    () => false,
  );
  const all = [...set, ...(hasFile ? [file] : []), ...(process.platform === 'darwin' ? ['perhaps the keychain'] : [])];
  return all.length > 0 ? all.join(', ') : undefined;
}

function noCredentials(env: Env) {
  const message = `Claude Code has no credentials. Looked in ${join(configDirOf(env), '.credentials.json')} and in the environment.`;
  return failure('AGENT_AUTH', message, 'Log in: start claude and type /login, or set ANTHROPIC_API_KEY.');
}
