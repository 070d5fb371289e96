/** The whole conversation, as the agent replays it in a process of its own. */
import { failure } from '../../contract/failures.js';
import { AgentError, type SessionRef, type TranscriptMessage } from '../agent.js';
import { temporaryDirectory } from '../temporary-directory.js';
import { loadSession } from './load.js';
import { connectTo, type AcpAgent } from './session.js';
import { toolCallOf, type ToolCall, type ToolUpdate, type Update } from './updates.js';

/** Oldest first. @throws AgentError SESSION_LOST */
export async function readTranscript(agent: AcpAgent, session: SessionRef): Promise<TranscriptMessage[]> {
  await using folder = await temporaryDirectory();
  const [connection, capabilities] = await connectTo(agent, session.cwd, folder.path);
  try {
    if (!capabilities.load)
      throw new AgentError(
        failure(
          'AGENT_UNSUPPORTED',
          `${connection.title} does not replay a session through ACP.`,
          `Open session ${session.session_id} in the agent itself.`,
        ),
        false,
      );
    const loaded = await loadSession(connection, capabilities, session, { answered: false, keep: true });
    if (!loaded)
      throw new AgentError(failure('SESSION_LOST', `${connection.title} has no session ${session.session_id}.`), false);
    return messagesOf(loaded.replayed);
  } finally {
    await connection.process.end(true);
  }
}

type Part = TranscriptMessage['parts'][number];
type ToolPart = Extract<Part, { type: 'tool' }>;

/** Pure. ACP does not say when anything was said. */
export function messagesOf(updates: readonly Update[]): TranscriptMessage[] {
  const messages: (TranscriptMessage & { id: string | undefined })[] = [];
  const tools = new Map<string, { part: ToolPart; call: ToolCall }>();
  const partsOf = (role: TranscriptMessage['role'], id?: string | null): Part[] => {
    const last = messages.at(-1);
    const isSame = last?.role === role && (role === 'agent' || id == null || last.id === undefined || last.id === id);
    if (isSame) return last.parts;
    const message = { role, at: '', parts: [], id: id ?? undefined };
    messages.push(message);
    return message.parts;
  };
  for (const update of updates) {
    if (update.sessionUpdate === 'agent_thought_chunk' || update.sessionUpdate === 'usage_update') continue;
    if ('toolCallId' in update) {
      const known = tools.get(update.toolCallId);
      const { call, part } = known ?? { call: toolCallOf(update), part: newTool(update) };
      if (known) known.call = toolCallOf(update, call);
      else {
        tools.set(update.toolCallId, { call, part });
        partsOf('agent').push(part);
      }
      fill(part, update);
    } else if (update.content.type === 'text') {
      const role = update.sessionUpdate === 'user_message_chunk' ? 'user' : 'agent';
      const parts = partsOf(role, update.messageId);
      const last = parts.at(-1);
      if (last?.type === 'text') last.text += update.content.text ?? '';
      else parts.push({ type: 'text', text: update.content.text ?? '' });
    }
  }
  return messages.map(({ role, at, parts }) => ({ role, at, parts }));
}

const newTool = (update: ToolUpdate): ToolPart => ({
  type: 'tool',
  tool: toolCallOf(update).tool,
  status: 'pending',
  input: {},
});

function fill(part: ToolPart, { status, rawInput, content }: ToolUpdate): void {
  if (status != null) part.status = status;
  if (rawInput !== undefined) part.input = rawInput;
  const texts = content?.flatMap((one) => one.content?.text ?? []) ?? [];
  if (texts.length > 0) part.output = texts.join('\n');
}
