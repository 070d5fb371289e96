/** What a topic has to know of an agent that a prompt names, before it can choose the session. */
import type { ActivityContext } from './context.js';
import { kindOf, openingIn, resolve } from './resolve.js';
import { translated } from './translate.js';
import type { ResolveAgentInput, ResolveAgentOutput } from './types.js';

export async function resolveAgent(
  { opening, agents }: ResolveAgentInput,
  worker: ActivityContext,
): Promise<ResolveAgentOutput> {
  try {
    const { cwd, context } = await openingIn(opening, worker);
    const { config } = context;
    const pinned = await resolve(opening, cwd, context);
    const kinds = agents.flatMap((name) => {
      const agent = config.agents[name];
      return agent ? [[name, kindOf(name, agent)] as const] : [];
    });
    return { pinned, kinds: Object.fromEntries(kinds) };
  } catch (error) {
    throw translated(error);
  }
}
