/** Finds the config of a session: that of its directory on this host, as it is now. */
import type { Agent } from '../agents/agent.js';
import type { ActivityContext, Configured, DirectoryContext } from './context.js';
import { configDirectoryOf } from '../contract/workspace.js';
import { refusal } from './translate.js';
import type { RunTurnInput } from './types.js';

type Given = DirectoryContext & { configured?: Configured };

/** Without `configured`, the worker's own config counts in all directories. */
export function configuredOf({ configured, config, agents, projectOf, defaultAgent }: Given): Configured {
  if (configured) return configured;
  const own = () => Promise.resolve({ config, agents, projectOf, defaultAgent });
  return { in: own, lastIn: own };
}

/**
 * For work that begins.
 *
 * @throws ConfigInvalid CONFIG_INVALID, CONFIG_UNSAFE
 */
export async function contextIn(cwd: string, worker: ActivityContext): Promise<ActivityContext> {
  return { ...worker, ...(await worker.configured.in(cwd)) };
}

/** For work that has started, such as a turn that an earlier attempt put in. If the file is broken, its last content counts. */
export async function contextLastIn(cwd: string, worker: ActivityContext): Promise<ActivityContext> {
  return { ...worker, ...(await worker.configured.lastIn(cwd)) };
}

type OfSession = Pick<RunTurnInput, 'session_id' | 'pinned'>;

/** @throws Failed AGENT_UNKNOWN; AgentError CONFIG_INVALID */
export function agentOf(
  { session_id, pinned }: OfSession,
  { agents, config, host }: Pick<ActivityContext, 'agents' | 'config' | 'host'>,
): Agent {
  const agent = agents.get(pinned.agent);
  if (agent) return agent;
  throw refusal(
    'AGENT_UNKNOWN',
    `Agent ${pinned.agent} of session ${session_id} is not in the config of host ${host} for ${configDirectoryOf(pinned)} (${config.file ?? 'no config file'}).`,
  );
}

/** To look at a session, or to end its turn. @throws Failed AGENT_UNKNOWN; AgentError CONFIG_INVALID */
export async function agentOfSession(session: OfSession, worker: ActivityContext): Promise<Agent> {
  return agentOf(session, await contextLastIn(configDirectoryOf(session.pinned), worker));
}
