/** Starts the default agent before its first turn, which would wait for it. In the background: the worker is ready without it. */
import type { Log } from '../src/activities/index.js';
import type { Agent } from '../src/agents/agent.js';
import type { Config } from '../src/config.js';

/** Resolves when it is done. Never throws: the first turn meets the same trouble and reports it. */
export async function warmDefaultAgent({ warmAgent, defaultAgent }: Pick<Config, 'warmAgent' | 'defaultAgent'>, agents: ReadonlyMap<string, Agent>, log: Log): Promise<void> {
  if (!warmAgent) return;
  try {
    await agents.get(defaultAgent)?.warm?.();
  } catch (error) {
    log('agent could not be started ahead of its first turn', { agent: defaultAgent, error: error instanceof Error ? error.message : String(error) });
  }
}
