/**
 * Taking up a session in a process: loaded where the agent can, for then it replays the
 * conversation, which shows that it has it; else resumed. Some agents open another session where
 * they cannot load one, or say that they have loaded it and have nothing: both are a lost session.
 */
import { RequestError } from '@agentclientprotocol/sdk';
import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from '../../contract/failures.js';
import { AgentError, type SessionRef } from '../agent.js';
import type { Capabilities, Connection, Listener } from './connection.js';
import { failureOfCall, isMissing } from './failures.js';
import { isChange, nextChange, SessionAnswer, type SessionState, type Wanted } from './settings.js';
import type { Update } from './updates.js';

/** Updates of a replay can come after the answer. The replay has ended once it is quiet for so long. */
const QUIET_MS = 100;
/** Of a replay of which some did come after the answer. */
const QUIET_WHEN_LATE_MS = 1_000;
const ANSWERED_WITHIN_MS = 3_000;
const REPLAYS_WITHIN_MS = 30_000;
/** A conversation of many megabytes is replayed as a whole. */
const LOADS_WITHIN_MS = 120_000;

export interface Loaded {
  state: SessionState;
  /** The conversation, as far as `keep` wanted it. */
  replayed: Update[];
}

/** Reads what is replayed, and whether it is of the session that was asked for. */
class Replay implements Listener {
  other: string | undefined;
  messages = 0;
  updates = 0;
  /** What was heard last: a conversation that was answered does not end with what was asked. */
  endsWithPrompt = false;
  readonly kept: Update[] = [];

  constructor(
    private readonly session: string,
    private readonly keep: boolean,
  ) {}

  on(sessionId: string, update: Update | undefined): void {
    if (sessionId !== this.session) this.other = sessionId;
    if (!update) return;
    this.updates++;
    if (update.sessionUpdate === 'usage_update') return;
    if (update.sessionUpdate !== 'agent_thought_chunk') this.messages++;
    this.endsWithPrompt = update.sessionUpdate === 'user_message_chunk';
    if (this.keep) this.kept.push(update);
  }
}

export const CANNOT_CONTINUE =
  'A follow-up would begin from nothing. Use a version of the agent that can load sessions (loadSession), or another agent.';

/** @throws AgentError AGENT_UNSUPPORTED */
export function checkContinues({ load, resume }: Capabilities, title: string): void {
  if (load || resume) return;
  throw new AgentError(
    failure(
      'AGENT_UNSUPPORTED',
      `${title} can neither load nor resume a session. Nothing was put in.`,
      CANNOT_CONTINUE,
    ),
    false,
  );
}

/**
 * `answered`: a turn was completed in it, so it has something to replay. undefined: the agent does
 * not have the session. @throws AgentError, Unreachable
 */
export async function loadSession(
  connection: Connection,
  capabilities: Capabilities,
  { session_id, cwd }: Pick<SessionRef, 'session_id' | 'cwd'>,
  { answered, keep }: { answered: boolean; keep: boolean },
): Promise<Loaded | undefined> {
  checkContinues(capabilities, connection.title);
  const replay = new Replay(session_id, keep);
  connection.listener = replay;
  const method = capabilities.load ? 'session/load' : 'session/resume';
  let answer: unknown;
  try {
    answer = await connection.call(method, { sessionId: session_id, cwd, mcpServers: [] }, LOADS_WITHIN_MS);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    if (isMissing(error, session_id)) return undefined;
    const { failure: what, retryable } = failureOfCall(error, connection.title, `load session ${session_id}`);
    throw new AgentError(what, retryable, { cause: error });
  }
  await quiet(replay, capabilities.load && answered ? ANSWERED_WITHIN_MS : 0);
  const state = SessionAnswer.safeParse(answer ?? {}).data ?? SessionAnswer.parse({});
  const other = replay.other ?? (state.sessionId === session_id ? undefined : state.sessionId);
  if (other !== undefined && other !== session_id)
    throw lost(`${connection.title} took up session ${other} where ${session_id} was asked for. Nothing was put in.`);
  if (capabilities.load && answered && replay.messages === 0)
    throw lost(
      `${connection.title} loaded session ${session_id} without anything that was said in it. Nothing was put in.`,
    );
  return { state, replayed: replay.kept };
}

/** `awaitedMs`: there is something to replay, and so long it may take until an answer is heard. */
async function quiet(replay: Replay, awaitedMs: number): Promise<void> {
  const [start, end] = [Date.now() + awaitedMs, Date.now() + REPLAYS_WITHIN_MS];
  const isAwaited = () =>
    (replay.messages === 0 || replay.endsWithPrompt) && replay.other === undefined && Date.now() < start;
  const before = replay.updates;
  for (let seen = -1; (seen !== replay.updates || isAwaited()) && Date.now() < end;) {
    seen = replay.updates;
    await sleep(replay.updates === before ? QUIET_MS : QUIET_WHEN_LATE_MS);
  }
}

const lost = (message: string) => new AgentError(failure('SESSION_LOST', message), false);

/** Sets what the session is pinned to. @throws AgentError that says what the agent does not have */
export async function settle(
  connection: Connection,
  sessionId: string,
  state: SessionState,
  wanted: Wanted,
): Promise<SessionState> {
  let now = state;
  for (let next = nextChange(now, wanted, connection.title); next; next = nextChange(now, wanted, connection.title)) {
    if (!isChange(next)) throw new AgentError(next, false);
    try {
      const answer = SessionAnswer.safeParse(
        (await connection.call(next.method, { sessionId, ...next.params })) ?? {},
      ).data;
      now = { ...next.after, ...(answer?.configOptions && { configOptions: merged(next.after, answer) }) };
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      const { failure: what, retryable } = failureOfCall(
        error,
        connection.title,
        `set ${Object.values(next.params).join(' to ')}`,
      );
      throw new AgentError(what, retryable, { cause: error });
    }
  }
  return now;
}

/** What was just set counts as set, whatever the agent answers: it would be set for ever. */
function merged(after: SessionState, answered: SessionState): SessionState['configOptions'] {
  return answered.configOptions?.map((option) => {
    const set = after.configOptions?.find(({ id }) => id === option.id);
    return set ? { ...option, currentValue: set.currentValue } : option;
  });
}
