/**
 * Counts the tokens of a turn and its sub-agents. Claude Code reports the cost only for a whole
 * process.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Usage } from '../../contract/types.js';
import type { LastRequest } from '../last-request.js';
import { isSynthetic, readRows, type Row, type Tokens } from './rows.js';

/**
 * The tokens of each answer, by its id. An answer has a row for each of its blocks, and every row
 * has the tokens of the whole answer.
 */
export function answersIn(rows: readonly Row[]): Map<string, Tokens> {
  const answers = new Map<string, Tokens>();
  for (const row of rows) {
    const { id, usage } = row.message ?? {};
    if (row.type === 'assistant' && id !== undefined && usage && !isSynthetic(row)) answers.set(id, usage);
  }
  return answers;
}

const thinkingIn = ({ output_tokens_details: of }: Tokens) => of?.thinking_tokens ?? 0;

export function usageOf(answers: Iterable<Tokens>): Usage {
  const all = [...answers];
  const sum = (count: (tokens: Tokens) => number | undefined) =>
    all.reduce((total, tokens) => total + (count(tokens) ?? 0), 0);
  return {
    input_tokens: sum(({ input_tokens }) => input_tokens),
    // Thinking is a part of the output.
    output_tokens: sum((tokens) => Math.max((tokens.output_tokens ?? 0) - thinkingIn(tokens), 0)),
    reasoning_tokens: sum(thinkingIn),
    cache_read_tokens: sum(({ cache_read_input_tokens }) => cache_read_input_tokens),
    cache_write_tokens: sum(({ cache_creation_input_tokens }) => cache_creation_input_tokens),
  };
}

/** What the session holds after the last answer of its own agent, before any compaction that follows. */
export function contextIn(turn: readonly Row[]): LastRequest | undefined {
  const compacted = turn.findLastIndex(({ subtype }) => subtype === 'compact_boundary');
  const last = turn.slice(compacted + 1).findLast((row) => answersIn([row]).size > 0 && !row.isSidechain);
  const usage = last?.message?.usage;
  if (!usage || last.timestamp === undefined) return undefined;
  const { input_tokens = 0, cache_read_input_tokens = 0, cache_creation_input_tokens = 0, output_tokens = 0 } = usage;
  const tokens = input_tokens + cache_read_input_tokens + cache_creation_input_tokens + output_tokens;
  const warm_ms = lifetimeIn(turn);
  return tokens > 0 ? { tokens, at: last.timestamp, ...(warm_ms !== undefined && { warm_ms }) } : undefined;
}

/** The lifetime that the provider reported. A request that only read the cache reports none. */
function lifetimeIn(turn: readonly Row[]): number | undefined {
  for (const { message } of [...turn].reverse()) {
    const { ephemeral_1h_input_tokens: hour = 0, ephemeral_5m_input_tokens: minutes = 0 } =
      message?.usage?.cache_creation ?? {};
    if (hour > 0) return 60 * 60_000;
    if (minutes > 0) return 5 * 60_000;
  }
  return undefined;
}

/**
 * The rows of the turn's sub-agents. Each sub-agent has a file of its own, and its prompt names the
 * turn. `file` is the session's.
 */
export async function rowsOfSubAgents(file: string, turn: readonly Row[]): Promise<Row[]> {
  const turns = new Set(turn.flatMap(({ promptId }) => promptId ?? []));
  const folder = join(file.replace(/\.jsonl$/, ''), 'subagents');
  const names = await readdir(folder).catch((): string[] => []); // ENOENT: the session has no sub-agents.
  const since = Date.parse(turn[0]?.timestamp ?? '');
  const files = names.filter((name) => name.endsWith('.jsonl')).map((name) => join(folder, name));
  const all = await Promise.all(files.map(async (file) => ((await isOlder(file, since)) ? [] : readRows(file))));
  return all.flatMap((rows) =>
    rows?.some(({ promptId }) => promptId !== undefined && turns.has(promptId)) ? rows : [],
  );
}

/** Whether nothing was written to the file since then. False where that is not known. */
async function isOlder(file: string, since: number): Promise<boolean> {
  const { mtimeMs } = (await stat(file).catch(() => undefined)) ?? {}; // ENOENT: removed meanwhile.
  return mtimeMs !== undefined && mtimeMs < since;
}
