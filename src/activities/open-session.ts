/**
 * Opens a session with the agent, once. A repeated attempt finds the session of the attempt before.
 */
import { AgentError, type Agent, type OpenedSession, type OpenRequest } from '../agents/agent.js';
import { defined } from '../contract/defined.js';
import { openWorktree } from '../host/worktrees.js';
import type { ActivityContext } from './context.js';
import { fallbackModelsOf, MISSING_FOR_MS } from './fall-back.js';
import { openingIn, resolve } from './resolve.js';
import { seedOf } from './seed.js';
import { refusal } from './translate.js';
import type { OpenSessionInput, OpenSessionOutput, Resolved } from './types.js';
import { withHeartbeats } from './with-heartbeats.js';

export async function openSession(input: OpenSessionInput, worker: ActivityContext): Promise<OpenSessionOutput> {
  return withHeartbeats(async (signal) => {
    const { cwd: place, context } = await openingIn(input, worker);
    const { config, agents, host } = context;
    const resolved = await inWorkspace(await resolve(input, place, context), input, context, signal);
    const agent = agents.get(resolved.agent);
    if (!agent)
      throw refusal(
        'AGENT_UNKNOWN',
        `Agent ${resolved.agent} is in the config of host ${host}, but its worker was started without it.`,
      );
    const { cwd, model, variant, mode } = resolved;
    const request = {
      seed: seedOf(input, input.replaces),
      title: input.topic,
      cwd,
      ...defined({ model, variant, mode }),
    };
    const fallbacks = input.keeps_model ? [] : fallbackModelsOf(resolved, config);
    const { opened, missing } = await openWith(agent, request, fallbacks, signal);
    if (missing) context.absentModels.note(resolved.kind ?? resolved.agent, model, Date.now() + MISSING_FOR_MS);
    // The session keeps the model that was asked for. Its turns fall back, and say so.
    const known = missing ? model : (opened.model ?? model);
    return {
      session_id: opened.session_id,
      pinned: { ...resolved, ...defined({ model: known }), store: opened.store },
    };
  });
}

/** The session works in a work tree. `asked_cwd` keeps the directory that the caller names. */
async function inWorkspace(
  resolved: Resolved,
  { topic, workspace }: OpenSessionInput,
  { config }: ActivityContext,
  signal: AbortSignal,
): Promise<Resolved> {
  if ((workspace ?? config.workspace.mode) !== 'worktree') return resolved;
  const { worktree, cwd } = await openWorktree(resolved.cwd, { topic, dataDir: config.dataDir, signal });
  return { ...resolved, cwd, asked_cwd: resolved.asked_cwd ?? resolved.cwd, workspace: worktree };
}

/** Some agents open no session with a model that is not there. `missing`: the model that was asked for is not. */
async function openWith(
  agent: Agent,
  { variant, ...request }: OpenRequest,
  [next, ...others]: readonly string[],
  signal: AbortSignal,
): Promise<{ opened: OpenedSession; missing: boolean }> {
  try {
    return { opened: await agent.open({ ...request, ...defined({ variant }) }, signal), missing: false };
  } catch (error) {
    const isMissing = error instanceof AgentError && error.code === 'MODEL_UNKNOWN';
    if (!isMissing || next === undefined) throw error;
    return { ...(await openWith(agent, { ...request, model: next }, others, signal)), missing: true };
  }
}
