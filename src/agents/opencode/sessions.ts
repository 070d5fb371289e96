/**
 * The sessions of the store, which a person may have begun. OpenCode's own program reads its
 * database: no server is started for that (1.18.33).
 */
import { existsSync } from 'node:fs';
import * as z from 'zod';
import { failure } from '../../contract/failures.js';
import type { SessionId } from '../../contract/ids.js';
import { AgentError, type StoredSession } from '../agent.js';
import { firstPromptOf, newestFirst } from '../shared/stored-sessions.js';
import { printedBy } from './printed-by.js';
import type { Env } from './store.js';

/** Of a sub-agent's session, which has a parent, nobody asks. */
const SESSIONS = `
SELECT s.id, s.directory, s.time_updated AS updated,
  (SELECT json_extract(m.data, '$.providerID') || '/' || json_extract(m.data, '$.modelID') FROM message m
    WHERE m.session_id = s.id AND json_extract(m.data, '$.role') = 'assistant'
    ORDER BY m.time_created DESC, m.id DESC LIMIT 1) AS model,
  (SELECT substr(json_extract(p.data, '$.text'), 1, 1000) FROM message m JOIN part p ON p.message_id = m.id
    WHERE m.session_id = s.id AND json_extract(m.data, '$.role') = 'user'
      AND json_extract(p.data, '$.type') = 'text' AND coalesce(json_extract(p.data, '$.synthetic'), 0) = 0
    ORDER BY m.time_created, m.id, p.id LIMIT 1) AS asked
FROM session s WHERE s.parent_id IS NULL`;

const Rows = z.array(
  z.object({
    id: z.string(),
    directory: z.string(),
    updated: z.number(),
    model: z.string().nullable(),
    asked: z.string().nullable(),
  }),
);

export interface Reader {
  program: () => Promise<string>;
  /** The database. */
  store: string;
  env: Env;
}

export async function storedSessions(reader: Reader): Promise<StoredSession[]> {
  return newestFirst(await selected(reader, `${SESSIONS} AND coalesce(s.time_archived, 0) = 0`));
}

export async function findSession(reader: Reader, session: SessionId): Promise<StoredSession | undefined> {
  if (!/^ses_\w+$/.test(session)) return undefined; // It would be part of a statement.
  const [found] = await selected(reader, `${SESSIONS} AND s.id = '${session}'`);
  return found;
}

async function selected({ program, store, env }: Reader, query: string): Promise<StoredSession[]> {
  if (!existsSync(store)) return []; // OpenCode would make one.
  const path = await program();
  const printed = await printedBy(path, ['db', query.replace(/\s+/g, ' ').trim(), '--format', 'json'], env);
  if ('problem' in printed) {
    const message = `${path} did not list the sessions of ${store}: ${printed.problem}`;
    throw new AgentError(failure('AGENT_CRASHED', message), true);
  }
  return Rows.parse(JSON.parse(printed.text || '[]')).map(({ id, directory, updated, model, asked: first }) => ({
    session_id: id as SessionId,
    cwd: directory,
    updated_at: new Date(updated).toISOString(),
    ...(model !== null && { model }),
    ...(first !== null && { first_prompt: firstPromptOf(first) }),
  }));
}
