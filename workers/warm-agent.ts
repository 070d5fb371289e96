/**
 * Starts the default agent in the background before its first turn, which would otherwise wait for
 * it. The worker is ready without it.
 */
import type { Log } from '../src/activities/context.js';
import type { Agent } from '../src/agents/agent.js';
import type { Config } from '../src/config.js';

/** Resolves when it is done. Never throws: the first turn meets the same trouble and reports it. */
export async function warmDefaultAgent(
  { warmAgent }: Pick<Config, 'warmAgent'>,
  agent: Agent | undefined,
  log: Log,
): Promise<void> {
  if (!warmAgent || !agent) return;
  try {
    await agent.warm?.();
  } catch (error) {
    log('agent could not be started ahead of its first turn', {
      agent: agent.name,
      error: error instanceof Error ? error.message : String(error),
    });
  }
}
