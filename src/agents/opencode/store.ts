/** Where OpenCode keeps its sessions, as it finds it itself: `$OPENCODE_DB`, else `opencode.db` in the XDG data directory (1.18.33). */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

export type Env = Readonly<Record<string, string | undefined>>;

export function storeOf(env: Env): string {
  const data = join(env['XDG_DATA_HOME'] || join(env['HOME'] || homedir(), '.local', 'share'), 'opencode');
  const db = env['OPENCODE_DB'] || 'opencode.db';
  return isAbsolute(db) || db === ':memory:' ? db : join(data, db);
}
