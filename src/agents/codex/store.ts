/**
 * Where Codex keeps its sessions, configuration and credentials. Codex itself uses `$CODEX_HOME`,
 * otherwise `~/.codex` (0.169.0).
 */
import { join, resolve } from 'node:path';
import { failure } from '../../contract/failures.js';
import { homeOf, whyNoHome } from '../../host/home.js';
import { AgentError } from '../agent.js';

export type Env = Readonly<Record<string, string | undefined>>;

/** @throws AgentError SETUP_INCOMPLETE without a home directory */
export function storeOf(env: Env): string {
  if (env['CODEX_HOME']) return resolve(env['CODEX_HOME']);
  const home = homeOf(env);
  if (home === undefined)
    throw new AgentError(
      failure('SETUP_INCOMPLETE', `Codex needs a home directory: ${whyNoHome(env)}.`, 'Set HOME or CODEX_HOME.'),
      false,
    );
  return join(home, '.codex');
}
