/**
 * Reads a session's file. It has a line of JSON for each message, and other lines, which are
 * skipped (2.1.331).
 */
import { readFile } from 'node:fs/promises';

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
}

export interface Row {
  type: string;
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
  attachment?: { type: string };
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
 */
export async function readRows(file: string): Promise<Row[] | undefined> {
  try {
    return rowsIn(await readFile(file, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
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

export function blocksOf({ message }: Row): Block[] {
  const content = message?.content;
  return typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? []);
}

/** The text of the row's text blocks. */
export const textOf = (row: Row) =>
  blocksOf(row)
    .flatMap(({ type, text }) => (type === 'text' && text !== undefined ? [text] : []))
    .join('\n');

/** Whether Claude Code's program wrote the row, and not the model. */
export const isSynthetic = ({ message }: Row) => message?.model === '<synthetic>';
