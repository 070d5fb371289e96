/** The agent of a session, as this host's config has it. */
import type { Agent } from '../agents/agent.js';
import type { ActivityContext } from './context.js';
import { refusal } from './translate.js';
import type { RunTurnInput } from './types.js';

/** @throws Failed AGENT_UNKNOWN */
export function agentOf(
  { session_id, pinned }: Pick<RunTurnInput, 'session_id' | 'pinned'>,
  { agents, host }: Pick<ActivityContext, 'agents' | 'host'>,
): Agent {
  const agent = agents.get(pinned.agent);
  if (agent) return agent;
  throw refusal(
    'AGENT_UNKNOWN',
    `Agent ${pinned.agent} of session ${session_id} is not in the config of host ${host}.`,
  );
}
