/** A session for a person: the whole of it to read, and the agent's own interface to go on in. Neither starts a server. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { temporaryDirectory } from '../temporary-directory.js';
import { failure } from '../../contract/failures.js';
import { AgentError, type AgentProgram, type SessionRef, type TranscriptMessage } from '../agent.js';
import { failureOf } from './failures.js';
import type { OpenCodeHome } from './home.js';
import type { StoredMessage } from './turn-state.js';
import type { Env } from './store.js';

/** What OpenCode's own program exports, oldest first. @throws AgentError SESSION_LOST */
export async function readTranscript(home: OpenCodeHome, program: string, session: SessionRef, env: Env): Promise<TranscriptMessage[]> {
  home.checkStore(session);
  await using folder = await temporaryDirectory();
  const file = join(folder.path, 'session.json');
  // Into a file: what is written to a pipe as the program ends can be cut.
  const asked = await execa(program, ['export', session.session_id], { cwd: folder.path, env, extendEnv: false, stdin: 'ignore', stdout: { file }, reject: false, timeout: 60_000 });
  if (asked.failed) {
    const said = asked.stderr.trim().split('\n').at(-1) ?? '';
    const missing = /not found/i.test(said);
    const message = missing ? `The store ${session.store} has no session ${session.session_id}.` : `${program} did not export session ${session.session_id}: ${said || asked.shortMessage}`;
    throw new AgentError(failure(missing ? 'SESSION_LOST' : 'AGENT_CRASHED', message), false);
  }
  await using exported = await open(file);
  const { messages } = JSON.parse(await exported.readFile('utf8')) as { messages: StoredMessage[] };
  return messages.map(messageOf);
}

/** On the running server where there is one, so that its worker sees at once what is typed. */
export async function interfaceOf(home: OpenCodeHome, program: string, session: SessionRef): Promise<AgentProgram> {
  home.checkStore(session);
  const address = await home.server.address();
  if (!address) return { program, args: ['--session', session.session_id], cwd: session.cwd, env: {} };
  const args = ['attach', `http://127.0.0.1:${address.port}`, '--session', session.session_id, '--dir', session.cwd];
  return { program, args, cwd: session.cwd, env: { OPENCODE_SERVER_USERNAME: 'opencode', OPENCODE_SERVER_PASSWORD: address.password } };
}

function messageOf({ info, parts }: StoredMessage): TranscriptMessage {
  return {
    role: info.role === 'user' ? 'user' : 'agent',
    at: new Date(info.time.created).toISOString(),
    ...(info.role === 'assistant' && { model: `${info.providerID}/${info.modelID}` }),
    ...(info.role === 'assistant' && info.error && { error: failureOf(info.error, info.sessionID).message }),
    parts: parts.flatMap((part): TranscriptMessage['parts'] => {
      if (part.type === 'text') return [{ type: 'text', text: part.text, ...(part.synthetic && { by_agent: true as const }) }];
      if (part.type !== 'tool') return [];
      const { state } = part;
      const output = state.status === 'completed' ? state.output : state.status === 'error' ? state.error : undefined;
      return [{ type: 'tool', tool: part.tool, status: state.status, input: state.input, ...(output !== undefined && { output }) }];
    }),
  };
}
