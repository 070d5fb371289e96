/** Resolves what a new session pins, from the caller's request and this host's config. */
import { realpath } from 'node:fs/promises';
import type { AgentConfig, Config } from '../config.js';
import { defined } from '../contract/defined.js';
import { failureOfDirectory } from '../host/working-directory.js';
import type { ActivityContext } from './context.js';
import { contextIn } from './configured.js';
import { refusal } from './translate.js';
import type { Resolved, ResolveAgentInput } from './types.js';

/** Two ACP agents are different programs, so each is a kind of its own. */
export function kindOf(name: string, { kind }: AgentConfig): string {
  return kind === 'acp' ? `acp:${name}` : kind;
}

/**
 * The config of the directory in which the session works counts. A caller that names none gets the
 * worker's own directory.
 *
 * @throws Failed CWD_MISSING; ConfigInvalid CONFIG_INVALID, CONFIG_UNSAFE
 */
export async function openingIn(
  { cwd }: Pick<ResolveAgentInput['opening'], 'cwd'>,
  worker: ActivityContext,
): Promise<{ cwd: string; context: ActivityContext }> {
  const existing = await existingDirectory(cwd ?? process.cwd(), worker.host);
  return { cwd: existing, context: await contextIn(existing, worker) };
}

/** The caller's word goes before the category's, the category's before the agent's. */
export async function resolve(
  input: ResolveAgentInput['opening'],
  cwd: string,
  { config, host, projectOf, defaultAgent }: Pick<ActivityContext, 'config' | 'host' | 'projectOf' | 'defaultAgent'>,
): Promise<Resolved> {
  const category = input.category === undefined ? undefined : config.categories[input.category];
  if (input.category !== undefined && !category) {
    throw refusal(
      'CATEGORY_UNKNOWN',
      `The config of host ${host}${ofFile(config)} has no category ${input.category}. It has: ${Object.keys(config.categories).join(', ')}.`,
    );
  }
  const agentName = input.agent ?? category?.agent ?? input.agent_before ?? (await defaultAgent());
  const agent = config.agents[agentName];
  if (!agent) {
    throw refusal(
      'AGENT_UNKNOWN',
      `The config of host ${host}${ofFile(config)} has no agent ${agentName}. It has: ${Object.keys(config.agents).join(', ')}.`,
    );
  }
  // A variant belongs to the model that it was configured with.
  const model = input.model ?? category?.model ?? agent.model;
  const variant =
    input.model === undefined
      ? (category?.variant ?? (category?.model === undefined ? agent.variant : undefined))
      : input.variant;
  const instructions = instructionsOf(category?.instructions, input.skills);
  return {
    agent: agentName,
    kind: kindOf(agentName, agent),
    ...defined({ model, variant, mode: agent.mode, category: input.category }),
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

function ofFile({ file }: Config): string {
  return file === undefined ? '' : ` (${file})`;
}

/** Without symbolic links. @throws Failed CWD_MISSING */
export async function existingDirectory(cwd: string, host: string): Promise<string> {
  const missing = await failureOfDirectory(cwd, host);
  if (missing) throw refusal(missing.code, missing.message);
  return realpath(cwd);
}

function instructionsOf(appendix: string | undefined, skills: string[] | undefined): string {
  const load = skills?.length
    ? `Load these skills before you begin, and follow them: ${skills.join(', ')}.`
    : undefined;
  return [appendix, load].filter((part) => part !== undefined && part !== '').join('\n\n');
}
