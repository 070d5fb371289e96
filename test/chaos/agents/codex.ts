/** Codex: one server, and a rollout file for each thread. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codexProgram, isolatedCodex } from '../../../scripted/isolated-codex.js';
import { filesBelow, linesOf, messageOf, type ChaosAgent, type Folders, type Stored } from './agent.js';

/** What is read of a record. */
interface Record {
  type: string;
  payload: {
    role?: string;
    content?: { type: string; text?: string }[];
    internal_chat_message_metadata_passthrough?: { content_item_kinds?: string[] };
  };
}

export function codex(program = codexProgram()): ChaosAgent {
  return {
    config: { kind: 'codex', model: 'scripted', ...(program !== undefined && { path: program }) },
    // Codex chooses the id. It is noted only once the thread can be found again.
    leavesEmptySessions: true,
    programs: ['codex'],
    noteOfPut: /^put-after\/[0-9a-f]+$/,
    isolate: isolatedCodex,
    stored,
  };
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
