/**
 * Shows a session to a person: the whole conversation to read, and the agent's own interface to
 * continue it.
 */
import { defined } from '../../contract/defined.js';
import { failure } from '../../contract/failures.js';
import { AgentError, type AgentProgram, type SessionRef, type TranscriptMessage } from '../agent.js';
import { isSessionId } from './ids.js';
import { blocksOf, isMessage, isSynthetic, readRows, textOf, type Block, type Row } from './rows.js';
import { toolOf } from './signals.js';
import { sessionFileOf } from './store.js';
import { conversationIn, isPrompt } from './turn-state.js';

/**
 * The conversation, oldest first.
 *
 * @throws AgentError SESSION_LOST
 */
export async function readTranscript(store: string, session: SessionRef): Promise<TranscriptMessage[]> {
  const rows = isSessionId(session.session_id) ? await readRows(await sessionFileOf(store, session)) : undefined;
  if (!rows)
    throw new AgentError(failure('SESSION_LOST', `The store ${store} has no session ${session.session_id}.`), false);
  const chain = conversationIn(rows);
  const results = new Map(
    chain
      .flatMap(blocksOf)
      .flatMap((block) =>
        block.type === 'tool_result' && block.tool_use_id !== undefined ? [[block.tool_use_id, block] as const] : [],
      ),
  );
  return chain.flatMap((row) => messageOf(row, results));
}

export function interactiveIn(program: string, { session_id, cwd }: SessionRef): AgentProgram {
  return { program, args: ['--resume', session_id], cwd, env: {} };
}

function messageOf(row: Row, results: ReadonlyMap<string, Block>): TranscriptMessage[] {
  const isUsers = row.type === 'user';
  const parts = blocksOf(row).flatMap((block): TranscriptMessage['parts'] => {
    if (block.type === 'text' && block.text)
      return [
        {
          type: 'text',
          text: block.text,
          ...((isUsers ? !isPrompt(row) : isSynthetic(row)) && { by_agent: true as const }),
        },
      ];
    return block.type === 'tool_use' ? [toolPartOf(block, results.get(block.id ?? ''))] : [];
  });
  if (!isMessage(row) || parts.length === 0) return [];
  const model = row.message?.model;
  return [
    {
      role: isUsers ? 'user' : 'agent',
      at: row.timestamp ?? '',
      ...(model !== undefined && !isSynthetic(row) && { model }),
      ...(row.isApiErrorMessage && { error: textOf(row) }),
      parts,
    },
  ];
}

function toolPartOf({ name = '', input }: Block, result: Block | undefined): TranscriptMessage['parts'][number] {
  const output =
    typeof result?.content === 'string'
      ? result.content
      : result?.content?.flatMap(({ text }) => text ?? []).join('\n');
  const status = result === undefined ? 'running' : result.is_error ? 'error' : 'completed';
  return { type: 'tool', tool: toolOf(name), status, input, ...defined({ output }) };
}
