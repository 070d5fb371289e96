/**
 * Fetches agents that are not dependencies of ours, for their tests. Each comes from npm in an
 * exact version and goes into a cache outside of the repository. An agent that has the right
 * version is not fetched again.
 *
 *   node scripts/fetch-agents.mjs [kind …]
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The versions of the tests. src/host/supported-versions.ts has the same. */
const AGENTS = {
  'claude-code': { name: '@anthropic-ai/claude-code', version: '2.1.331' },
  codex: { name: '@openai/codex', version: '0.169.0' },
};

const cache = process.env.CONTINUITY_AGENTS_DIR || join(homedir(), '.cache', 'continuity', 'agents');
const kinds = process.argv.slice(2);

for (const kind of kinds.length > 0 ? kinds : Object.keys(AGENTS)) {
  const agent = AGENTS[kind];
  if (!agent) throw new Error(`There is no agent ${kind} to fetch. Name one of: ${Object.keys(AGENTS).join(', ')}.`);
  const folder = join(cache, kind);
  if (installedIn(folder, agent.name) !== agent.version) {
    mkdirSync(folder, { recursive: true });
    execFileSync(
      'npm',
      ['install', '--prefix', folder, '--no-audit', '--no-fund', '--save-exact', `${agent.name}@${agent.version}`],
      { stdio: 'inherit' },
    );
  }
  process.stdout.write(`${kind} ${agent.version} is in ${folder}\n`);
}

/** The installed version. Undefined when the agent is not installed. */
function installedIn(folder, name) {
  try {
    return JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')).version;
  } catch {
    return undefined; // ENOENT: not fetched yet.
  }
}
