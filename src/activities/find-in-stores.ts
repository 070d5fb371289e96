/** Which agent of this host has a session in its store. */
import { AgentError, type FoundSession } from '../agents/agent.js';
import type { SessionId } from '../contract/ids.js';
import type { ActivityContext } from './context.js';
import { refusal } from './translate.js';
import type { AdoptSessionInput } from './types.js';

type Found = FoundSession & { agent: string };

/**
 * The agent that the caller named goes before the default one, and that before the others: several
 * names can use one store.
 *
 * @throws SESSION_UNKNOWN where none has it, AGENT_UNKNOWN, and what kept an agent from looking
 */
export async function findInStores(
  { session_id, agent: named }: Pick<AdoptSessionInput, 'session_id' | 'agent'>,
  { agents, config, host }: Pick<ActivityContext, 'agents' | 'config' | 'host'>,
): Promise<Found> {
  const names = [...agents.keys()];
  if (named !== undefined && !agents.has(named))
    throw refusal('AGENT_UNKNOWN', `Agent ${named} is not known on host ${host}; there are: ${names.join(', ')}.`);
  const looks = await Promise.all(names.map((name) => lookIn(name, session_id, agents)));
  const found = looks.flatMap((look) => ('agent' in look ? look : []));
  const best = [named, config.defaultAgent].flatMap((name) => found.find(({ agent }) => agent === name) ?? []);
  const [first] = [...best, ...found];
  if (first) return first;
  // One that is not installed has no session that it could go on in.
  const hindered = looks.find(
    (look): look is Hindered => 'error' in look && (look.name === named || !isNotInstalled(look.error)),
  );
  if (hindered) throw hindered.error;
  throw refusal(
    'SESSION_UNKNOWN',
    `No topic knows session ${session_id}, and no agent on host ${host} has it in its store. Asked: ${names.join(', ')}.`,
  );
}

type Hindered = { name: string; error: unknown };
type Look = Found | Hindered | { name: string };

const isNotInstalled = (error: unknown) => error instanceof AgentError && error.code === 'AGENT_NOT_FOUND';

async function lookIn(name: string, session: SessionId, agents: ActivityContext['agents']): Promise<Look> {
  try {
    const found = await agents.get(name)?.find?.(session);
    return found ? { ...found, agent: name } : { name };
  } catch (error) {
    return { name, error }; // Also one that no agent should throw: another agent may have the session.
  }
}
