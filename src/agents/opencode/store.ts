/**
 * Where OpenCode keeps its sessions. OpenCode 1.18.33 itself uses `$OPENCODE_DB`, otherwise
 * `opencode.db` in the XDG data directory.
 */
import { isAbsolute, join } from 'node:path';
import { failure } from '../../contract/failures.js';
import { homeOf, whyNoHome } from '../../host/home.js';
import { AgentError } from '../agent.js';

export type Env = Readonly<Record<string, string | undefined>>;

/**
 * @throws AgentError SETUP_INCOMPLETE without a home directory, because OpenCode does not start
 * then, wherever its store is
 */
export function storeOf(env: Env): string {
  const home = homeOf(env);
  if (home === undefined)
    throw new AgentError(
      failure('SETUP_INCOMPLETE', `OpenCode needs a home directory: ${whyNoHome(env)}.`, 'Set HOME.'),
      false,
    );
  const data = join(env['XDG_DATA_HOME'] || join(home, '.local', 'share'), 'opencode');
  const db = env['OPENCODE_DB'] || 'opencode.db';
  return isAbsolute(db) || db === ':memory:' ? db : join(data, db);
}
