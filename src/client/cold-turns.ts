/**
 * Finds sessions whose agent breaks the provider's cache: the cache still had the conversation, and a
 * follow-up found nothing in it. Pure. Reports only what is certain.
 */
import { defined } from '../contract/defined.js';
import type { SessionId } from '../contract/ids.js';
import type { TurnResult } from '../contract/types.js';
import type { SessionView, TopicView } from '../contract/views.js';
import { inputOf } from './usage-of.js';

export interface ColdSession {
  topic: string;
  session: SessionId;
  agent: string;
  kind?: string;
  model?: string;
  /** Their numbers, oldest first: two or more in a row. */
  turns: number[];
  /** Tokens that they sent to the model. */
  input: number;
  /** How much of that came from the cache, from 0 to 1. */
  share: number;
}

/** Anthropic keeps what was sent for 5 minutes, and OpenAI for 5 to 10. */
const LIVES_MS = 4 * 60_000;
/** Providers cache from 1,024 tokens on, and Anthropic from 4,096 with some models. */
const LEAST_INPUT = 10_000;
const ALMOST_NOTHING = 0.05;
const IN_A_ROW = 2;

export function coldSessionsIn(views: readonly TopicView[]): ColdSession[] {
  const reporting = new Set(views.flatMap(({ outcomes }) => outcomes.filter(hasFigures).map(providerOf)));
  return views.flatMap((view) =>
    view.sessions.flatMap((session) => {
      const own = view.outcomes.filter(({ session_id }) => session_id === session.session_id);
      const cold = lastRowOf(own.filter(hasUsage), reporting);
      return cold.length >= IN_A_ROW ? [coldSession(view, session, cold)] : [];
    }),
  );
}

/** The newest turns in a row that were cold. One that was warm since then says that it is over. */
function lastRowOf(turns: readonly Used[], reporting: ReadonlySet<string>): Used[] {
  const at = turns.findLastIndex((turn, index) => !isCold(turns[index - 1], turn, reporting));
  return turns.slice(at + 1);
}

type Used = TurnResult & Required<Pick<TurnResult, 'usage'>>;

const hasUsage = (turn: TurnResult): turn is Used => turn.usage !== undefined;

/** Some agents and providers report no cache at all. Those are not judged. */
const hasFigures = ({ usage }: TurnResult) =>
  usage !== undefined && usage.cache_read_tokens + usage.cache_write_tokens > 0;

const providerOf = ({ agent, model }: TurnResult) => JSON.stringify([agent, model]);

function isCold(before: Used | undefined, turn: Used, reporting: ReadonlySet<string>): boolean {
  if (before?.turn !== turn.turn - 1 || providerOf(before) !== providerOf(turn)) return false;
  const since = Date.parse(turn.started_at) - (Date.parse(before.started_at) + before.duration_ms);
  return (
    since < LIVES_MS &&
    before.status === 'completed' &&
    turn.status === 'completed' &&
    turn.session.kind === 'resumed' &&
    turn.session.changed === undefined &&
    before.compacted === undefined &&
    turn.compacted === undefined &&
    turn.recovered === undefined &&
    reporting.has(providerOf(turn)) &&
    inputOf(before.usage) >= LEAST_INPUT &&
    inputOf(turn.usage) >= LEAST_INPUT &&
    turn.usage.cache_read_tokens < ALMOST_NOTHING * inputOf(turn.usage)
  );
}

function coldSession({ topic }: TopicView, { session_id, pinned }: SessionView, turns: readonly Used[]): ColdSession {
  const input = turns.reduce((sum, { usage }) => sum + inputOf(usage), 0);
  const read = turns.reduce((sum, { usage }) => sum + usage.cache_read_tokens, 0);
  const { agent, kind, model } = pinned;
  return {
    ...{ topic, session: session_id, agent, turns: turns.map(({ turn }) => turn), input, share: read / input },
    ...defined({ kind, model }),
  };
}
