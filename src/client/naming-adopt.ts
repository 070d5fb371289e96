/** A session that no topic knows may be one that its caller began in the agent's own interface. */
import type { Config } from '../config.js';
import { Failed, failure } from '../contract/failures.js';
import type { SessionId } from '../contract/ids.js';
import { agentSession } from './agent-sessions.js';
import { SessionError } from './session-error.js';

/** For `catch`: refuses as before, and says how the session is taken over where an agent has it. */
export function namingAdopt(config: Config, cwd: string, session: SessionId) {
  return async (error: unknown): Promise<never> => {
    if (!(error instanceof SessionError) || error.code !== 'SESSION_UNKNOWN') throw error;
    const found = await agentSession(config, cwd, session).catch((cause: unknown) => {
      if (cause instanceof Failed) return undefined; // The refusal holds, and its fix names the flag.
      throw cause;
    });
    if (!found) throw error;
    const message = `No topic knows session ${session}, but ${found.agent} has it in its store, in ${found.cwd}.`;
    const fix = `Take it over with: continuity delegate --topic NAME --session ${session} --adopt "…" (adopt: true).`;
    throw new SessionError(failure('SESSION_UNKNOWN', message, fix), { cause: error });
  };
}
