/**
 * Reads a thread, and what became of a prompt in it. The rollout file is the truth, because Codex's
 * own list of turns lags behind it.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { defined } from '../../contract/defined.js';
import type { SessionRef } from '../agent.js';
import { Unreachable, type PromptKey, type Sight } from '../driver.js';
import type { CodexHome } from './home.js';
import { isOurs } from './ids.js';
import { outcomeOf, saidIn, stepsOf } from './outcome.js';
import type { Rollout } from './rollout.js';
import { rolloutOf } from './rollout-files.js';
import type { Resumed, Thread } from './threads.js';
import { goesOn, isAttributable, lastInputOf, turnStateOf, type TurnState } from './turn-state.js';

/** A thread is active up to 120 ms before its input is stored, and longer on a busy machine. */
const STORED_WITHIN_MS = 500;
const READ_EVERY_MS = 25;

export interface CodexSight extends Sight {
  turn: TurnState;
  /** Absent when another Codex has the thread, or it is archived. */
  thread?: Thread;
  isArchived: boolean;
  /** The thread's last turn. */
  lastTurn?: string;
  /** The last instructions that the model was sent. */
  told?: string;
}

interface Read {
  thread: Exclude<Resumed, 'missing'>;
  rollout: Rollout;
  isActive: boolean;
}

/**
 * If a turn has just started, reads again for up to 500 ms, until it is known whose turn it is.
 * `undefined` when the thread does not exist.
 */
async function readThread(home: CodexHome, session: SessionRef, key?: PromptKey): Promise<Read | undefined> {
  for (const end = Date.now() + STORED_WITHIN_MS; ; await sleep(READ_EVERY_MS)) {
    const read = await readOnce(home, session, key);
    if (!read?.isActive || read.thread === 'elsewhere' || isAttributable(read.rollout) || Date.now() > end) return read;
  }
}

/** Idle only if the thread was idle before and after the rollout was read. */
export async function readOnce(home: CodexHome, session: SessionRef, key?: PromptKey): Promise<Read | undefined> {
  const live = await home.connect();
  const thread = await home.threads.resume(live, session);
  if (thread === 'missing') return undefined;
  const path = typeof thread === 'object' ? thread.path : await rolloutOf(home.server.store, session.session_id);
  const rollout = path === undefined ? undefined : await rolloutAt(home, path, key);
  if (!rollout && thread === 'archived') throw new Unreachable('Codex moved the thread while it was read');
  if (!rollout) return undefined;
  if (typeof thread !== 'object') return { thread, rollout, isActive: thread === 'elsewhere' };
  const after = await home.threads.resume(live, session);
  return { thread, rollout, isActive: thread.isActive || typeof after !== 'object' || after.isActive };
}

/** Without a key, looks at the thread's last prompt. */
export async function lookAt(
  home: CodexHome,
  session: SessionRef,
  given?: PromptKey,
): Promise<Omit<CodexSight, 'done'> | undefined> {
  const read = await readThread(home, session, given);
  if (!read) return undefined;
  const { rollout, thread } = read;
  const last = lastInputOf(rollout)?.id;
  const key = given ?? (isOurs(last) ? last : undefined);
  const turn = turnStateOf(rollout, key ?? '', key && (await withoutIdOf(home, rollout, key)));
  const end = outcomeOf(turn, session.session_id);
  if (end?.error?.code === 'AGENT_AUTH' && turn.end?.how === 'failed') home.loginWasRefused(turn.end.at);
  const lastTurn = rollout.turns.at(-1)?.id;
  // From now on the rollout has everything, if it has the prompt's id.
  if (key && turn.isNamed && end && !read.isActive) await home.puts.remove(key);
  return {
    turn,
    ...(typeof thread === 'object' && { thread }),
    isArchived: thread === 'archived',
    ...defined({ lastTurn, told: rollout.told, key }),
    prompt: turn.present ? 'present' : 'absent',
    ...defined({ text: turn.text, end }),
    superseded: turn.superseded,
    busy: busyIn(read, turn),
    steps: stepsOf(turn.turns),
    fingerprint: JSON.stringify([turn.present, turn.superseded, rollout.records, rollout.turns.length]),
    said: () => saidIn(turn),
  };
}

function busyIn({ isActive, thread, rollout }: Read, turn: TurnState): Sight['busy'] {
  if (!isActive) return false;
  // The turn may also be ours and not stored yet. Like a person's, it is waited for and never
  // stopped.
  const isLast = turn.present && !turn.superseded;
  if (thread === 'elsewhere' || !goesOn(rollout, isLast)) return 'theirs';
  if (isLast) return 'this';
  return isOurs(lastInputOf(rollout)?.id) ? 'ours' : 'theirs';
}

/**
 * What identifies a prompt that was stored without its id. Only a prompt with a note of its put can
 * be.
 */
export async function withoutIdOf(home: CodexHome, { turns }: Rollout, key: PromptKey) {
  const inputs = turns.flatMap(({ entries }) => entries.flatMap((entry) => (entry.type === 'input' ? [entry] : [])));
  if (inputs.some(({ id }) => id === key) || inputs.every(({ recorded }) => recorded)) return undefined;
  const put = await home.puts.get(key);
  return put && { digest: put.digest, ...defined({ after: put.after }) };
}

export async function rolloutAt(
  home: CodexHome,
  path: string,
  key: PromptKey | undefined,
): Promise<Rollout | undefined> {
  try {
    return await home.rollouts.read(path, key, () => readFile(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
