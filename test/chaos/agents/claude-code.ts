/**
 * Claude Code: a process for each turn, and a transcript file for each session. All prompts of the
 * file are read and not only those of the last conversation in it, so that a fork shows.
 */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fetchedClaude, isolatedClaude } from '../../../scripted/isolated-claude.js';
import { filesBelow, linesOf, messageOf, RESET_AFTER_S, type ChaosAgent, type Folders, type Stored } from './agent.js';

/** What is read of a row. */
interface Row {
  type: string;
  /** Of a row that is no message: the session's title, the topic. */
  customTitle?: string;
  isMeta?: boolean;
  isSidechain?: boolean;
  isCompactSummary?: boolean;
  message?: { content: string | { type: string; text?: string }[] };
}

/** What Claude Code, or our driver, puts in under the role of the user. */
const BY_NO_CALLER = /^(\[Request interrupted by user|Continue from where you left off\.$)/;

/** With a subscription, as only its limits say when they end. */
const SUBSCRIPTION = { ANTHROPIC_API_KEY: '', CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-none' };

export function claudeCode(asks = false, program = fetchedClaude()): ChaosAgent {
  return {
    config: {
      kind: 'claude-code',
      model: asks ? 'claude-sonnet-4-5' : 'scripted',
      ...(!asks && { permissionMode: 'bypassPermissions' as const }),
      ...(program !== undefined && { path: program }),
    },
    leavesEmptySessions: false,
    programs: ['claude', 'claude.exe'],
    noteOfPut: /^runs\/[^/]+\/lock$/,
    isolate: (dir, modelUrl) => Promise.resolve({ ...isolatedClaude(dir, modelUrl), ...(asks && SUBSCRIPTION) }),
    limit,
    stored,
  };
}

function limit() {
  const headers = {
    'anthropic-ratelimit-unified-status': 'rejected',
    'anthropic-ratelimit-unified-reset': String(Math.floor(Date.now() / 1000) + RESET_AFTER_S),
    'anthropic-ratelimit-unified-representative-claim': 'five_hour',
    'x-should-retry': 'false',
  };
  return { code: 429, headers };
}

async function stored({ dir }: Folders): Promise<Stored> {
  const projects = join(dir, 'claude', 'projects');
  const [store, openedFor]: [Stored['store'], Stored['openedFor']] = [new Map(), new Map()];
  for (const name of filesBelow(projects, '.jsonl')) {
    if (name.includes('subagents')) continue;
    const rows = linesOf<Row>(await readFile(join(projects, name), 'utf8'));
    const session = basename(name, '.jsonl');
    store.set(session, rows.flatMap(promptIn));
    openedFor.set(session, rows.findLast(({ customTitle }) => customTitle !== undefined)?.customTitle ?? '');
  }
  return { store, openedFor };
}

function promptIn({ type, isMeta, isSidechain, isCompactSummary, message }: Row) {
  if (type !== 'user' || isMeta || isSidechain || isCompactSummary || !message) return [];
  const blocks = typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : message.content;
  if (blocks.some((block) => block.type === 'tool_result')) return [];
  const texts = blocks.flatMap((block) => (block.type === 'text' ? [block.text ?? ''] : []));
  return BY_NO_CALLER.test(texts[0] ?? '') ? [] : [messageOf(texts)];
}
