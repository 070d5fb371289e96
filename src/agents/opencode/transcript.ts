/**
 * Shows a session to a person: the whole conversation to read, and the agent's own interface to
 * continue it. Neither starts a server.
 */
import { defined } from '../../contract/defined.js';
import { failure } from '../../contract/failures.js';
import { AgentError, type AgentProgram, type SessionRef, type TranscriptMessage } from '../agent.js';
import { failureOf } from './failures.js';
import type { OpenCodeHome } from './home.js';
import { printedBy } from './printed-by.js';
import type { StoredMessage } from './turn-state.js';
import type { Env } from './store.js';

/**
 * The conversation that OpenCode's own program exports, oldest first.
 *
 * @throws AgentError SESSION_LOST
 */
export async function readTranscript(program: string, session: SessionRef, env: Env): Promise<TranscriptMessage[]> {
  const printed = await printedBy(program, ['export', session.session_id], env);
  if ('problem' in printed) {
    const missing = /not found/i.test(printed.problem);
    const message = missing
      ? `The store ${session.store} has no session ${session.session_id}.`
      : `${program} did not export session ${session.session_id}: ${printed.problem}`;
    throw new AgentError(failure(missing ? 'SESSION_LOST' : 'AGENT_CRASHED', message), false);
  }
  const { messages } = JSON.parse(printed.text) as { messages: StoredMessage[] };
  return messages.map(messageOf);
}

/**
 * Uses the running server if there is one, so that its worker sees at once what the person types.
 */
export async function interactiveIn(home: OpenCodeHome, program: string, session: SessionRef): Promise<AgentProgram> {
  const address = await home.server.address();
  if (!address) return { program, args: ['--session', session.session_id], cwd: session.cwd, env: {} };
  await home.server.directories.note(session.cwd);
  const args = ['attach', `http://127.0.0.1:${address.port}`, '--session', session.session_id, '--dir', session.cwd];
  return {
    program,
    args,
    cwd: session.cwd,
    env: { OPENCODE_SERVER_USERNAME: 'opencode', OPENCODE_SERVER_PASSWORD: address.password },
  };
}

function messageOf({ info, parts }: StoredMessage): TranscriptMessage {
  return {
    role: info.role === 'user' ? 'user' : 'agent',
    at: new Date(info.time.created).toISOString(),
    ...(info.role === 'assistant' && { model: `${info.providerID}/${info.modelID}` }),
    ...(info.role === 'assistant' && info.error && { error: failureOf(info.error, info.sessionID).message }),
    parts: parts.flatMap((part): TranscriptMessage['parts'] => {
      if (part.type === 'text')
        return [{ type: 'text', text: part.text, ...(part.synthetic && { by_agent: true as const }) }];
      if (part.type !== 'tool') return [];
      const { state } = part;
      const output = state.status === 'completed' ? state.output : state.status === 'error' ? state.error : undefined;
      return [
        {
          type: 'tool',
          tool: part.tool,
          status: state.status,
          input: state.input,
          ...defined({ output }),
        },
      ];
    }),
  };
}
