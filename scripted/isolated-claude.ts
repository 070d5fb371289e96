/**
 * An isolated Claude Code. One directory has its configuration and its store, and the scripted
 * model is its provider.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The program that scripts/fetch-agents.mjs fetched. Undefined when it was not fetched. */
export function fetchedClaude(): string | undefined {
  const cache = process.env['CONTINUITY_AGENTS_DIR'] || join(homedir(), '.cache', 'continuity', 'agents');
  const program = join(cache, 'claude-code', 'node_modules', '.bin', 'claude');
  return existsSync(program) ? program : undefined;
}

/** Returns the environment for Claude Code. The person's own files are neither read nor written. */
export function isolatedClaude(dir: string, modelUrl: string): Record<string, string> {
  return {
    HOME: dir,
    CLAUDE_CONFIG_DIR: join(dir, 'claude'),
    ANTHROPIC_BASE_URL: modelUrl.replace(/\/v1$/, ''),
    ANTHROPIC_API_KEY: 'none',
    // Without it, Claude Code refuses `bypassPermissions` to root.
    IS_SANDBOX: '1',
    DISABLE_TELEMETRY: '1',
    DISABLE_ERROR_REPORTING: '1',
  };
}
