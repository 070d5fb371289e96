/**
 * Forks: finds in the state of a topic the part of a session that another topic copies. Pure. Anyone may
 * import this.
 */
import { defined } from './defined.js';
import { failure, type Failure, type FailureCode } from './failures.js';
import type { ForkWish } from './fork-wish.js';
import type { PromptId, SessionId, TopicId } from './ids.js';
import { MAX_BRIEF_BYTES } from './limits.js';
import type { SessionRecord, TopicState } from './state.js';
import { cutToBytes, jsonBytes } from './text.js';
import type { TurnResult } from './types.js';

/** What a session is a copy of. */
export interface ForkedFrom {
  topic: TopicId;
  session_id: SessionId;
  /** The last turn that the copy has. */
  turn: number;
}

/** The copied session, and where the copy ends. */
export interface ForkOrigin extends ForkedFrom {
  /** The prompt of that turn. In a check loop, the prompt of its round. */
  prompt_id: PromptId;
  session: Pick<SessionRecord, 'pinned' | 'opened_at' | 'ground'>;
  /** Its newest turns up to that one, oldest first, for the brief of an agent that can't copy. */
  told: ToldTurn[];
}

/** What a brief says of a turn. */
export type ToldTurn = Pick<TurnResult, 'turn' | 'goal' | 'agent' | 'status' | 'error' | 'reply'>;

/** The most bytes of a reply in a brief. The last reply gets more. */
const MOST_BYTES_OF_REPLY = 400;
const MOST_BYTES_OF_LAST_REPLY = 1100;

type Asked = Pick<TopicState, 'sessions' | 'current' | 'outcomes' | 'running'>;

/** Finds what the wish names in the state of the other topic, or says why it can't be copied. */
export function originIn(state: Asked, { topic, session_id, at }: ForkWish): ForkOrigin | { problem: Failure } {
  const ended = at === undefined ? undefined : turnIn(state, at);
  if (at !== undefined && !ended) return { problem: noTurn(state, topic, at) };
  const named = session_id ?? (ended ? ended.session_id : state.current);
  const session = state.sessions.find((one) => one.session_id === named);
  if (!session) return { problem: noSession(topic, session_id) };
  const its = state.outcomes.filter((one) => one.turn > 0 && one.session_id === session.session_id);
  if (ended && ended.session_id !== session.session_id)
    return refused(
      'INVALID_PROMPT',
      `Turn ${at} of topic ${topic} was in session ${ended.session_id}, not in session ${session.session_id}.`,
      'Leave out the session, or name a turn of it: continuity show',
    );
  const last = ended ?? its.findLast(({ status }) => status === 'completed');
  if (!last)
    return refused(
      'SESSION_UNKNOWN',
      `Session ${session.session_id} of topic ${topic} has no completed turn that could be copied.`,
      'Wait until a turn of it is completed, or name one that has ended (at): continuity show',
    );
  const { pinned, opened_at, ground } = session;
  const turn = at ?? last.turn;
  return {
    topic,
    session_id: session.session_id,
    turn,
    prompt_id: promptOf(last, turn),
    session: { pinned, opened_at, ...defined({ ground: isNewest(last, its) ? ground : undefined }) },
    told: toldOf(its.filter((one) => one.turn <= last.turn)),
  };
}

/** The outcome that a turn belongs to. A prompt with checks has one for all its rounds. */
function turnIn({ outcomes }: Asked, at: number): (TurnResult & { session_id: SessionId }) | undefined {
  const found = outcomes.find(({ turn, checks }) => turn === at || checks?.rounds.some((round) => round.turn === at));
  return found && found.session_id !== null ? { ...found, session_id: found.session_id } : undefined;
}

function promptOf({ prompt_id, checks }: TurnResult, turn: number): PromptId {
  return checks?.rounds.find((round) => round.turn === turn)?.prompt_id ?? prompt_id;
}

/** The ground is that of the session's last turn. For an earlier turn it is not known. */
const isNewest = (turn: TurnResult, its: TurnResult[]) => turn === its.at(-1);

/** The newest turns, as many as a brief has room for. */
function toldOf(turns: TurnResult[]): ToldTurn[] {
  const told = turns.map((turn, index) =>
    shortened(turn, index === turns.length - 1 ? MOST_BYTES_OF_LAST_REPLY : MOST_BYTES_OF_REPLY),
  );
  let left = MAX_BRIEF_BYTES;
  const first = told.findLastIndex((turn) => (left -= jsonBytes(turn)) < 0);
  return told.slice(Math.min(first + 1, told.length - 1));
}

function shortened({ turn, goal, agent, status, error, reply }: TurnResult, most: number): ToldTurn {
  const said = error && { ...error, message: cutToBytes(error.message, most), fix: '' };
  return { turn, agent, status, reply: cutToBytes(reply, most), ...defined({ goal, error: said }) };
}

function noTurn({ running, outcomes }: Asked, topic: TopicId, at: number): Failure {
  const oldest = outcomes.find(({ turn }) => turn > 0)?.turn;
  const why =
    running?.turn === at
      ? 'is still running'
      : oldest !== undefined && at < oldest
        ? 'is no longer remembered'
        : 'does not exist, or opened no session';
  return failure(
    'INVALID_PROMPT',
    `Turn ${at} of topic ${topic} ${why}, so no copy can end with it.`,
    'Name a turn that has ended (at), or leave it out: continuity show',
  );
}

function noSession(topic: TopicId, session: SessionId | undefined): Failure {
  const what = session === undefined ? 'has no session that could be copied' : `has no session ${session}`;
  return failure('SESSION_UNKNOWN', `Topic ${topic} ${what}.`, 'See which sessions it has: continuity show');
}

function refused(code: FailureCode, message: string, fix: string): { problem: Failure } {
  return { problem: failure(code, message, fix) };
}
