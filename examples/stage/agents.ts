/** The agents that an example can be played with: `--agent claude-code`. */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { searchPathOf } from '../../src/host/search-path.js';
import { fetchedClaude, isolatedClaude } from '../../scripted/isolated-claude.js';
import { codexProgram, isolatedCodex } from '../../scripted/isolated-codex.js';
import { isolatedOpenCode } from '../../scripted/isolated-opencode.js';

export interface StagedAgent {
  /** As config says it. */
  config: object;
  /** What its program has to have in its environment to use nothing of the person's own. */
  home(dir: string, modelUrl: string): Promise<Record<string, string>>;
}

export type AgentName = 'opencode' | 'claude-code' | 'codex';

/** Claude Code and Codex are no dependencies of ours: their programs have some hundred megabytes. */
const AGENTS: Record<AgentName, () => StagedAgent> = {
  opencode: () => ({ config: { kind: 'opencode' }, home: isolatedOpenCode }),
  'claude-code': () => ({
    config: {
      kind: 'claude-code',
      path: fetchedClaude() ?? onPath('claude') ?? missing('Claude Code', 'claude-code', 381),
      permissionMode: 'bypassPermissions',
    },
    home: (dir, modelUrl) => Promise.resolve(isolatedClaude(dir, modelUrl)),
  }),
  codex: () => ({
    config: { kind: 'codex', path: codexProgram() ?? onPath('codex') ?? missing('Codex', 'codex', 297) },
    home: isolatedCodex,
  }),
};

/** Of the command line. Default: OpenCode, which is a development dependency. */
export function agentOfArguments(): AgentName {
  const { agent = 'opencode' } = parseArgs({ options: { agent: { type: 'string' } }, strict: false }).values;
  return agent as AgentName; // `stagedAgent` refuses any other.
}

/** @throws Error where its program is not there, with the command that fetches it */
export function stagedAgent(name: AgentName): StagedAgent {
  if (Object.hasOwn(AGENTS, name)) return AGENTS[name]();
  throw new Error(`There is no agent ${name} to play with. There are: ${Object.keys(AGENTS).join(', ')}.`);
}

function onPath(name: string): string | undefined {
  return searchPathOf(process.env)
    .folders.map((folder) => `${folder}/${name}`)
    .find((file) => existsSync(file));
}

function missing(title: string, kind: AgentName, megabytes: number): never {
  throw new Error(`${title} is not there. Fetch it (about ${megabytes} MB) with: npm run agents:fetch -- ${kind}`);
}
