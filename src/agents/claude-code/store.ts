/**
 * Where Claude Code keeps its sessions: `$CLAUDE_CONFIG_DIR`, otherwise `~/.claude`. The folder of
 * a session's file is named after the session's working directory (2.1.331).
 */
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { failure } from '../../contract/failures.js';
import { homeOf, whyNoHome } from '../../host/home.js';
import { AgentError, type SessionRef } from '../agent.js';

export type Env = Readonly<Record<string, string | undefined>>;

/** Claude Code cuts a longer folder name here, and adds a hash of its own. */
const MAX_NAME = 200;

/** @throws AgentError SETUP_INCOMPLETE without a home directory */
export function configDirOf(env: Env): string {
  if (env['CLAUDE_CONFIG_DIR']) return resolve(env['CLAUDE_CONFIG_DIR']);
  const home = homeOf(env);
  if (home === undefined)
    throw new AgentError(
      failure('SETUP_INCOMPLETE', `Claude Code needs a home directory: ${whyNoHome(env)}.`, 'Set HOME.'),
      false,
    );
  return join(home, '.claude');
}

export const storeOf = (env: Env) => join(configDirOf(env), 'projects');

/** The session's file, which may not exist. */
export async function sessionFileOf(
  store: string,
  { session_id, cwd }: Pick<SessionRef, 'session_id' | 'cwd'>,
): Promise<string> {
  const name = (await realPathOf(cwd)).replace(/[^a-zA-Z0-9]/g, '-');
  if (name.length <= MAX_NAME) return join(store, name, `${session_id}.jsonl`);
  const prefix = name.slice(0, MAX_NAME);
  const folders = await readdir(store).catch((): string[] => []); // ENOENT: the store has no session yet.
  for (const folder of folders.filter((one) => one.startsWith(prefix))) {
    const files = await readdir(join(store, folder)).catch((): string[] => []); // ENOTDIR, ENOENT
    if (files.includes(`${session_id}.jsonl`)) return join(store, folder, `${session_id}.jsonl`);
  }
  return join(store, prefix, `${session_id}.jsonl`);
}

/**
 * The session's file in the folder of another working directory. Claude Code looks only into the
 * folder of the directory that it is started in.
 */
export async function fileElsewhere(store: string, session: string): Promise<string | undefined> {
  const folders = await readdir(store).catch((): string[] => []); // ENOENT: there is no session at all yet.
  for (const folder of folders) {
    const file = join(store, folder, `${session}.jsonl`);
    if ((await stat(file).catch(() => undefined))?.size) return file; // ENOENT, ENOTDIR: not in this one.
  }
  return undefined;
}

/** Claude Code resolves symbolic links. A directory that no longer exists keeps its name. */
async function realPathOf(path: string): Promise<string> {
  const whole = resolve(path);
  try {
    return await realpath(whole);
  } catch {
    const above = dirname(whole); // ENOENT, EACCES
    return above === whole ? whole : join(await realPathOf(above), basename(whole));
  }
}
