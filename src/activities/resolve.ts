/** What a session has pinned, from what the caller asked for and what this host's config says. */
import { stat, realpath } from 'node:fs/promises';
import type { Config } from '../config.js';
import type { Pinned } from '../contract/types.js';
import { refusal } from './translate.js';
import type { OpenSessionInput } from './types.js';

/** All but what only the agent knows: its store. The caller's word goes before the category's, the category's before the agent's. */
export type Resolved = Omit<Pinned, 'store'>;

export async function resolve(input: OpenSessionInput, config: Config, host: string, projectOf: (cwd: string) => Promise<string>): Promise<Resolved> {
  const category = input.category === undefined ? undefined : config.categories[input.category];
  if (input.category !== undefined && !category) {
    throw refusal('CATEGORY_UNKNOWN', `Category ${input.category} is not known on host ${host}; there are: ${Object.keys(config.categories).join(', ')}.`);
  }
  const agentName = input.agent ?? category?.agent ?? config.defaultAgent;
  const agent = config.agents[agentName];
  if (!agent) {
    throw refusal('AGENT_UNKNOWN', `Agent ${agentName} is not known on host ${host}; there are: ${Object.keys(config.agents).join(', ')}.`);
  }
  const cwd = await existingDirectory(input.cwd ?? process.cwd(), host);
  // A variant belongs to the model that it was configured with.
  const model = input.model ?? category?.model ?? agent.model;
  const variant = input.model === undefined ? (category?.variant ?? (category?.model === undefined ? agent.variant : undefined)) : input.variant;
  const instructions = instructionsOf(category?.instructions, input.skills);
  return {
    agent: agentName,
    ...(model !== undefined && { model }),
    ...(variant !== undefined && { variant }),
    ...(agent.mode !== undefined && { mode: agent.mode }),
    ...(input.category !== undefined && { category: input.category }),
    ...(input.skills && { skills: input.skills }),
    ...(instructions !== '' && { instructions }),
    project: input.project ?? (await projectOf(cwd)),
    cwd,
    ...(input.cwd !== undefined && input.cwd !== cwd && { asked_cwd: input.cwd }),
    host,
    on_lost: config.onLost,
    host_timeout_ms: config.limits.hostTimeoutMs,
  };
}

async function existingDirectory(cwd: string, host: string): Promise<string> {
  const found = await stat(cwd).catch(() => undefined);
  if (!found?.isDirectory()) throw refusal('CWD_MISSING', `Working directory ${cwd} ${found ? 'is not a directory' : 'does not exist'} on host ${host}.`);
  return realpath(cwd);
}

function instructionsOf(appendix: string | undefined, skills: string[] | undefined): string {
  const load = skills?.length ? `Load these skills before you begin, and follow them: ${skills.join(', ')}.` : undefined;
  return [appendix, load].filter((part) => part !== undefined && part !== '').join('\n\n');
}
