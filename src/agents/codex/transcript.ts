/**
 * Shows a session to a person: the whole conversation to read, and Codex's own interface to
 * continue it. Neither starts a server.
 */
import { defined } from '../../contract/defined.js';
import { failure } from '../../contract/failures.js';
import { AgentError, type AgentProgram, type SessionRef, type TranscriptMessage } from '../agent.js';
import { failureOf } from './failures.js';
import { parseRollout, type CodexTurn, type Entry } from './rollout.js';
import { readWhole, rolloutOf } from './rollout-files.js';
import { inputOf, toolOf } from './tools.js';

/** @throws AgentError SESSION_LOST */
export async function readTranscript(store: string, { session_id }: SessionRef): Promise<TranscriptMessage[]> {
  const path = await rolloutOf(store, session_id);
  if (path === undefined)
    throw new AgentError(failure('SESSION_LOST', `The store ${store} has no session ${session_id}.`), false);
  const { turns } = parseRollout(await readWhole(store, path));
  return turns.flatMap((turn) => messagesOf(turn, session_id));
}

/**
 * Uses the running server if there is one. It may have the thread loaded, and then no other Codex
 * can open it.
 */
export function interactiveIn(
  program: string,
  socket: string | undefined,
  { session_id, cwd }: SessionRef,
  store: string,
): AgentProgram {
  const remote = socket === undefined ? [] : ['--remote', `unix://${socket}`];
  return { program, args: ['resume', ...remote, session_id], cwd, env: { CODEX_HOME: store } };
}

function messagesOf(turn: CodexTurn, session: string): TranscriptMessage[] {
  const messages: TranscriptMessage[] = [];
  for (const entry of turn.entries) {
    if (entry.type === 'input')
      messages.push({ role: 'user', at: entry.at, parts: [{ type: 'text', text: entry.text }] });
    else if (entry.type === 'said' || entry.type === 'called')
      agentsOf(turn, messages, entry.at).parts.push(partOf(turn, entry));
  }
  if (turn.end?.how === 'failed')
    agentsOf(turn, messages, '').error = failureOf(turn.end.message, turn.end.info, session).message;
  return messages;
}

/** The agent's last message. A new one follows each message of the user. */
function agentsOf({ model }: CodexTurn, messages: TranscriptMessage[], at: string): TranscriptMessage {
  const last = messages.at(-1);
  if (last?.role === 'agent') return last;
  const message: TranscriptMessage = {
    role: 'agent',
    at: at || (last?.at ?? ''),
    ...defined({ model }),
    parts: [],
  };
  messages.push(message);
  return message;
}

function partOf(
  { entries }: CodexTurn,
  entry: Extract<Entry, { type: 'said' | 'called' }>,
): TranscriptMessage['parts'][number] {
  if (entry.type === 'said')
    return { type: 'text', text: entry.text, ...(!entry.announced && { by_agent: true as const }) };
  const answer = entries.find((one) => one.type === 'answered' && one.call === entry.call);
  const { output, status = 'completed' } =
    answer?.type === 'answered' ? answer : { output: undefined, status: 'interrupted' };
  return {
    type: 'tool',
    tool: toolOf(entry.tool),
    status,
    input: inputOf(entry.input),
    ...defined({ output }),
  };
}
