/** How OpenCode gets our plugin, beside those of the person. */
import { existsSync } from 'node:fs';
import type { Env } from './store.js';

const VARIABLE = 'OPENCODE_CONFIG_CONTENT';
const FILE = 'marks-tools.js';

/** Whether an entry of OpenCode's config is our plugin. */
export const isOurPlugin = (entry: unknown) => typeof entry === 'string' && entry.endsWith(`/${FILE}`);

/**
 * Nothing where the plugin is not built, or the person's own content of the variable cannot be read:
 * what a turn leaves running is then not told.
 */
export function withPlugin(env: Env): Record<string, string> {
  const built = [`./${FILE}`, `../../../dist/src/agents/opencode/${FILE}`]
    .map((path) => new URL(path, import.meta.url))
    .find((url) => existsSync(url));
  if (!built) return {};
  try {
    const said = JSON.parse(env[VARIABLE] || '{}') as { plugin?: unknown[] };
    return { [VARIABLE]: JSON.stringify({ ...said, plugin: [...(said.plugin ?? []), built.href] }) };
  } catch {
    return {}; // SyntaxError: it has comments, which OpenCode takes. TypeError: it is no config.
  }
}
