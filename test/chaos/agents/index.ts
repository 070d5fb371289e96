/** The agents that the chaos run knows, by the name that `--agent` takes. */
import { fetchedClaude } from '../../../scripted/isolated-claude.js';
import { codexProgram } from '../../../scripted/isolated-codex.js';
import { acp } from './acp.js';
import type { ChaosAgent } from './agent.js';
import { claudeCode } from './claude-code.js';
import { codex } from './codex.js';
import { openCode } from './opencode.js';

export const CHAOS_AGENTS = ['opencode', 'claude-code', 'codex', 'acp'] as const;
export type ChaosAgentName = (typeof CHAOS_AGENTS)[number];

/** `asks`: it asks before it runs a command, and a person has to answer. */
export function chaosAgent(name: ChaosAgentName, { asks = false } = {}): ChaosAgent {
  const agents = {
    opencode: openCode,
    'claude-code': (asks: boolean) => claudeCode(asks),
    codex: (asks: boolean) => codex(asks),
    acp,
  };
  return agents[name](asks);
}

export const isChaosAgent = (name: string): name is ChaosAgentName =>
  (CHAOS_AGENTS as readonly string[]).includes(name);

/** undefined: its program is there. */
export function whyMissing(name: ChaosAgentName): string | undefined {
  const programs = { opencode: () => '', 'claude-code': fetchedClaude, codex: codexProgram, acp: () => '' };
  if (programs[name]() !== undefined) return undefined;
  return ` (skipped: ${name} is not there; run: node scripts/fetch-agents.mjs ${name})`;
}
