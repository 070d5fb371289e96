/**
 * Says at a worker's start which agent opens new sessions. Each session looks again: what is said
 * here decides nothing.
 */
import type { Log } from '../src/activities/context.js';
import { AgentError } from '../src/agents/agent.js';
import { defaultAgentOf } from '../src/agents/default-agent.js';
import type { Config } from '../src/config.js';
import type { DefaultAgent } from '../src/contract/agent-answers.js';
import { failureOf } from './failure-of.js';

/** null: none is installed. undefined: that could not be found out, such as in time. Never throws. */
export async function sayDefaultAgent(
  config: Pick<Config, 'agents' | 'defaultAgent'>,
  log: Log,
): Promise<DefaultAgent | null | undefined> {
  try {
    const agent = await defaultAgentOf(config);
    log('default agent', { agent: agent.name, because: agent.because });
    return agent;
  } catch (error) {
    const { code, message, fix } = failureOf(error);
    const isNone = error instanceof AgentError && error.code === 'AGENT_NOT_FOUND' && !error.retryable;
    log(isNone ? 'default agent: none' : 'default agent: not known', { code, message, fix });
    return isNone ? null : undefined;
  }
}
