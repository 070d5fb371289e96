/** The sessions of the store, which a person may have begun: a rollout each (0.169.0). */
import * as z from 'zod';
import { defined } from '../../contract/defined.js';
import type { SessionId } from '../../contract/ids.js';
import type { StoredSession } from '../agent.js';
import { firstLinesOf, isGone } from '../shared/file-head.js';
import { firstPromptOf, sessionsIn, writtenAt } from '../shared/stored-sessions.js';
import { archivedThread } from './archive.js';
import { parseRollout } from './rollout.js';
import { activeRollouts, isArchived, readWhole, rolloutOf, threadOf } from './rollout-files.js';

/** What the model is told comes before the first prompt. */
const HEAD_BYTES = 128 * 1024;
const LONG_HEAD_BYTES = 1024 * 1024;

/** What a thread says of itself, and of where each of its turns works. */
const Facts = z.object({
  type: z.enum(['session_meta', 'turn_context']),
  payload: z.object({ cwd: z.string().optional(), source: z.unknown().optional() }),
});

export async function storedSessions(store: string): Promise<StoredSession[]> {
  return sessionsIn(await activeRollouts(store), async (file) => {
    const lines = await firstLinesOf(file, HEAD_BYTES);
    const session = await sessionOf(file, lines);
    if (session?.first_prompt !== undefined || lines.length === 0) return session;
    return sessionOf(file, await firstLinesOf(file, LONG_HEAD_BYTES));
  });
}

/** @throws AgentError SESSION_LOST where it was archived */
export async function findSession(store: string, session: SessionId): Promise<StoredSession | undefined> {
  const file = await rolloutOf(store, session);
  if (file === undefined) return undefined;
  if (isArchived(store, file)) throw archivedThread(session);
  try {
    return await sessionOf(file, (await readWhole(store, file)).split('\n'));
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** undefined: no thread that a person could go on in, such as that of a sub-agent. */
async function sessionOf(file: string, lines: string[]): Promise<StoredSession | undefined> {
  const facts = lines.flatMap(factsIn);
  const isSubAgents = facts.some(({ payload: { source } }) => typeof source === 'object' && source !== null);
  // Codex, too, goes on where the last turn has worked.
  const cwd = facts.findLast(({ payload }) => payload.cwd !== undefined)?.payload.cwd;
  const [session_id, updated_at] = [threadOf(file), await writtenAt(file)];
  if (isSubAgents || cwd === undefined || session_id === undefined || updated_at === undefined) return undefined;
  const { turns } = parseRollout(lines.join('\n'));
  const first = turns.flatMap(({ entries }) => entries).find((entry) => entry.type === 'input');
  const model = turns.findLast((turn) => turn.model !== undefined)?.model;
  return {
    session_id,
    cwd,
    updated_at,
    ...defined({ first_prompt: first && firstPromptOf(first.text), model }),
  };
}

function factsIn(line: string): z.infer<typeof Facts>[] {
  if (!/"type":"(session_meta|turn_context)"/.test(line)) return [];
  try {
    return [Facts.parse(JSON.parse(line))];
  } catch {
    return []; // SyntaxError, ZodError: it was torn by a kill, or is another record that speaks of these.
  }
}
