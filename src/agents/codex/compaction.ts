/**
 * Has Codex compact a thread. For Codex that is a turn without input. At its end, the summary replaces the
 * conversation (0.169.0).
 */
import type { SessionRef } from '../agent.js';
import type { CompactionSight, DriverCompaction } from '../compaction.js';
import { Unreachable } from '../driver.js';
import { failureOf } from './failures.js';
import type { CodexHome } from './home.js';
import { readOnce } from './read-session.js';
import type { CodexTurn, Rollout } from './rollout.js';
import { openTurnOf } from './turn-state.js';
import { usageOf } from './usage.js';

/** The mark of a thread without a turn. */
const AT_ITS_BEGIN = '';

export function compactionIn(home: CodexHome): DriverCompaction {
  async function read(session: SessionRef) {
    const found = await readOnce(home, session);
    if (typeof found?.thread !== 'object')
      throw new Unreachable(`Codex does not have thread ${session.session_id} loaded`);
    return found;
  }
  return {
    mark: async (session) => (await read(session)).rollout.turns.at(-1)?.id ?? AT_ITS_BEGIN,
    async start(session) {
      await read(session);
      const { connection } = await home.connect();
      await connection.call('thread/compact/start', { threadId: session.session_id });
    },
    async look(session, mark) {
      const { rollout, isActive } = await read(session);
      return compactionSince(rollout, mark, isActive, session);
    },
  };
}

/** Pure. */
export function compactionSince(
  rollout: Rollout,
  mark: string,
  isActive: boolean,
  { session_id }: Pick<SessionRef, 'session_id'>,
): CompactionSight {
  const at = rollout.turns.findIndex(({ id }) => id === mark);
  if (at < 0 && mark !== AT_ITS_BEGIN) return { is: 'absent' };
  const since = rollout.turns.slice(at + 1);
  // A person has sent a prompt meanwhile.
  if (since.some(hasInput) || (isActive && openTurnOf(rollout)?.id === mark)) return { is: 'absent' };
  if (isActive) return { is: 'running' };
  const last = since.at(-1);
  const usage = last && usageOf([last]);
  if (last?.end?.how === 'completed' && last.compactions) return { is: 'done', ...(usage && { usage }) };
  if (last?.end?.how !== 'failed') return { is: 'absent' };
  const because = failureOf(last.end.message, last.end.info, session_id).message;
  return { is: 'failed', because, ...(usage && { usage }) };
}

const hasInput = ({ entries }: CodexTurn) => entries.some(({ type }) => type === 'input');
