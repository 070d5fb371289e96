/**
 * An isolated Codex. One directory has its configuration, credentials and store, and the scripted
 * model is its only provider.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The path at which `node scripts/fetch-agents.mjs codex` installs Codex. */
const FETCHED = join(
  process.env['CONTINUITY_AGENTS_DIR'] || join(homedir(), '.cache', 'continuity', 'agents'),
  'codex',
  'node_modules',
  '.bin',
  'codex',
);

export const codexProgram = (): string | undefined => (existsSync(FETCHED) ? FETCHED : undefined);

/**
 * Writes Codex's home directory and returns the environment for Codex. The person's own files are
 * neither read nor written.
 */
export async function isolatedCodex(dir: string, modelUrl: string): Promise<Record<string, string>> {
  const home = join(dir, 'codex-home');
  await mkdir(home, { recursive: true });
  const config = `
model = "scripted"
model_provider = "scripted"
[model_providers.scripted]
name = "Scripted"
base_url = "${modelUrl}"
wire_api = "responses"
# The sandbox creates .git and other entries in each writable root. A killed sandbox leaves them behind, so the shared temporary directory is excluded.
[sandbox_workspace_write]
exclude_slash_tmp = true
exclude_tmpdir_env_var = true
`;
  await writeFile(join(home, 'config.toml'), config);
  // Codex runs commands in a login shell. HOME keeps it from the person's own profile, which may be
  // slow.
  return { CODEX_HOME: home, HOME: home };
}
