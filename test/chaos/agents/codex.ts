/** Codex: one server, and a rollout file for each thread. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codexProgram, isolatedCodex } from '../../../scripted/isolated-codex.js';
import { filesBelow, linesOf, messageOf, RESET_AFTER_S, type ChaosAgent, type Folders, type Stored } from './agent.js';
import { COMMAND } from '../plan.js';

/** What is read of a record. */
interface Record {
  type: string;
  payload: {
    role?: string;
    content?: { type: string; text?: string }[];
    internal_chat_message_metadata_passthrough?: { content_item_kinds?: string[] };
  };
}

/** Codex asks before it runs a command outside of the sandbox. */
const ASKS = { cmd: COMMAND, sandbox_permissions: 'require_escalated', justification: 'May I?' };

export function codex(asks = false, program = codexProgram()): ChaosAgent {
  return {
    config: { kind: 'codex', model: 'scripted', ...(program !== undefined && { path: program }) },
    // Codex chooses the id. It is noted only once the thread can be found again.
    leavesEmptySessions: true,
    programs: ['codex'],
    noteOfPut: /^put-after\/[0-9a-f]+$/,
    ...(asks && { calls: `[[tool: exec_command ${JSON.stringify(ASKS)}]]` }),
    isolate: isolatedCodex,
    limit,
    stored,
  };
}

function limit() {
  const reset = Math.floor(Date.now() / 1000) + RESET_AFTER_S;
  const error = { type: 'usage_limit_reached', message: 'Limit', plan_type: 'plus', resets_at: reset };
  const headers = {
    'x-codex-primary-used-percent': '100',
    'x-codex-primary-window-minutes': '300',
    'x-codex-primary-reset-at': String(reset),
  };
  return { code: 429, headers, body: JSON.stringify({ error }) };
}

async function stored({ dir }: Folders): Promise<Stored> {
  const sessions = join(dir, 'codex-home', 'sessions');
  const store: Stored['store'] = new Map();
  for (const name of filesBelow(sessions, '.jsonl')) {
    const session = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=\.jsonl$)/.exec(name)?.[0] ?? name;
    const records = linesOf<Record>(await readFile(join(sessions, name), 'utf8'));
    store.set(session, records.flatMap(promptIn));
  }
  return { store, openedFor: new Map() };
}

function promptIn({ type, payload }: Record) {
  const kinds = payload.internal_chat_message_metadata_passthrough?.content_item_kinds ?? [];
  if (type !== 'response_item' || payload.role !== 'user' || !kinds.includes('user.text')) return [];
  return [messageOf((payload.content ?? []).flatMap(({ text }) => (text === undefined ? [] : [text])))];
}
