/**
 * Reads a session's file. It has a line of JSON for each message, and other lines, which are
 * skipped (2.1.331).
 */
import { readFile } from 'node:fs/promises';
import { failure } from '../../contract/failures.js';
import { isObject } from '../../contract/is-object.js';
import { AgentError } from '../agent.js';

export interface Block {
  type: string;
  text?: string;
  id?: string;
  name?: string;
  input?: Record<string, unknown>;
  tool_use_id?: string;
  content?: string | Block[];
  is_error?: boolean;
}

export interface Tokens {
  input_tokens?: number;
  output_tokens?: number;
  cache_read_input_tokens?: number;
  cache_creation_input_tokens?: number;
  output_tokens_details?: { thinking_tokens?: number };
  /** What was written into the cache, by how long it is kept. */
  cache_creation?: { ephemeral_5m_input_tokens?: number; ephemeral_1h_input_tokens?: number } | null;
}

export interface Row {
  type: string;
  subtype?: string;
  uuid: string;
  parentUuid?: string | null;
  /** Set after a compaction: the id of the row that the first row after it follows. */
  logicalParentUuid?: string | null;
  timestamp?: string;
  /** Where Claude Code worked. */
  cwd?: string;
  /** The same for all user rows of one turn in one process, and for those of its sub-agents. */
  promptId?: string;
  isSidechain?: boolean;
  isMeta?: boolean;
  isCompactSummary?: boolean;
  origin?: unknown;
  isApiErrorMessage?: boolean;
  error?: string;
  errorDetails?: string;
  apiErrorStatus?: number;
  /** Set for the limits of a subscription. Seconds since 1970. */
  quotaLimits?: { resetsAt?: unknown } | null;
  apiErrorParams?: { rate_limit_info?: { resetsAt?: unknown } } | null;
  attachment?: { type: string };
  /** What a tool has returned, beside what the model reads. */
  toolUseResult?: unknown;
  message?: {
    id?: string;
    role?: string;
    model?: string;
    stop_reason?: string | null;
    usage?: Tokens;
    content?: string | Block[];
  };
}

/** Lines of these kinds are not parsed, because each is as long as a whole request. */
const SKIPPED =
  /^\{"type":"(api-request|api-request-shape|api-request-blob|queue-operation|last-prompt|file-history-snapshot)"/;

/**
 * The rows in the order of the file. `undefined` when there is no file. A line that a kill has cut
 * off is skipped.
 *
 * @throws AgentError SETUP_INCOMPLETE when the file cannot be read
 */
export async function readRows(file: string): Promise<Row[] | undefined> {
  try {
    return rowsIn(await readFile(file, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw unreadable(file, error, true);
  }
}

/**
 * The session may be whole in there, and a turn may run in it. So it is neither lost nor begun
 * anew, and a turn looks again later.
 */
export function unreadable(file: string, cause: unknown, retryable: boolean): AgentError {
  const message = `Claude Code's store has ${file}, which cannot be read: ${cause instanceof Error ? cause.message : String(cause)}.`;
  const fix = "Make it a file that the worker's user can read, or remove it.";
  return new AgentError(failure('SETUP_INCOMPLETE', message, fix), retryable, { cause });
}

export function rowsIn(text: string): Row[] {
  return text.split('\n').flatMap((line) => {
    if (line === '' || SKIPPED.test(line)) return [];
    try {
      const row = JSON.parse(line) as Partial<Row> | null;
      return typeof row?.uuid === 'string' && typeof row.type === 'string' ? [row as Row] : [];
    } catch {
      return []; // SyntaxError: the line was cut off.
    }
  });
}

export const isMessage = ({ type, message }: Row) => (type === 'user' || type === 'assistant') && message !== undefined;

/** Content of another kind than Claude Code writes is passed over. */
export function blocksOf({ message }: Row): Block[] {
  const content: unknown = message?.content;
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return Array.isArray(content) ? content.filter((block): block is Block => isObject(block)) : [];
}

/** The text of the row's text blocks. */
export const textOf = (row: Row) =>
  blocksOf(row)
    .flatMap(({ type, text }) => (type === 'text' && text !== undefined ? [text] : []))
    .join('\n');

/** Whether Claude Code's program wrote the row, and not the model. */
export const isSynthetic = ({ message }: Row) => message?.model === '<synthetic>';
