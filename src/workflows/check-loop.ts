/**
 * The check loop of a prompt: its turn, then its checks, and after each failed check a prompt to
 * the same session to fix it. Each round is a turn of its own. The caller sees one prompt, which
 * holds the topic until the loop ends. `running.loop` carries what the next run needs to continue
 * the loop.
 */
import { defined } from '../contract/defined.js';
import { failure, type Failure } from '../contract/failures.js';
import { derivedId, type PromptId } from '../contract/ids.js';
import { DEFAULT_MAX_FIXES, MAX_OUTCOME_FACTS_BYTES } from '../contract/limits.js';
import type { QueuedPrompt } from '../contract/state.js';
import { digestOfRequest } from '../contract/parse-prompt.js';
import { digestOf } from '../contract/text.js';
import type { AskedChecks } from '../activities/types.js';
import type { CheckRound, CheckRun } from '../contract/checks.js';
import type { PromptRequest, TurnResult } from '../contract/types.js';
import { sumOf } from '../contract/usage.js';
import { configDirectoryOf } from '../contract/workspace.js';
import * as calls from './calls.js';
import { endedByError } from './ended.js';
import { onHost } from './on-host.js';
import { boundedAsks, boundedRounds, withoutOutput } from './remembered.js';
import { rememberId, sessionOf } from './session-state.js';
import { now } from './time.js';
import { askedChecksOf, runPrompt, stoppedAs, type Work } from './turn.js';

/** Never throws: a failed or cancelled turn is a result. */
export async function workOn(work: Work): Promise<TurnResult> {
  const { turn: running } = work;
  const asked = askedChecksOf(work, running.prompt);
  let turn = await runPrompt(work);
  if (!asked) return turn;

  const { max_fixes = DEFAULT_MAX_FIXES } = running.prompt.request;
  const first = running.loop?.first ?? firstOf(turn);
  let rounds = running.loop?.rounds ?? [];
  for (;;) {
    const { ran, error, ...ended } =
      turn.status === 'completed' ? await checked(work, turn, asked) : { ...turn, ran: [] };
    rounds = boundedRounds(
      [...rounds.map((round) => ({ ...round, ran: round.ran.map(withoutOutput) })), roundOf(turn, ran)],
      MAX_OUTCOME_FACTS_BYTES / 2,
    );
    const outcome = (how: Pick<TurnResult, 'status'> & { error?: Failure }, passed = false) =>
      together(work, first, { ...turn, ...how }, { passed, max_fixes, rounds });
    if (ended.status !== 'completed') return outcome({ status: ended.status, ...defined({ error }) });
    const failed = ran.find((run) => !run.passed);
    if (!failed) return outcome({ status: 'completed' }, true);
    const fixes = running.fix ?? 0;
    if (fixes >= max_fixes)
      return outcome({ status: 'failed', error: failure('CHECKS_FAILED', unfixed(failed, max_fixes)) });
    const prompt = nextPrompt(work, failed, fixes + 1);
    const ofRound = turn.asks?.filter(({ kind }) => kind !== 'budget') ?? []; // The last round tells of those.
    const asks = boundedAsks([...(running.loop?.asks ?? []), ...ofRound]);
    running.loop = { first, rounds, prompt, ...(asks.length > 0 && { asks }) };
    turn = await runPrompt({ ...work, prompt });
  }
}

type First = Pick<TurnResult, 'goal' | 'session' | 'started_at'>;

function firstOf({ goal, session, started_at }: TurnResult): First {
  return { ...defined({ goal }), session, started_at };
}

type Checked = Pick<TurnResult, 'status'> & { error?: Failure; ran: CheckRun[] };

async function checked(work: Work, { session_id }: TurnResult, asked: AskedChecks): Promise<Checked> {
  const { topic, turn, scope } = work;
  const session = session_id === null ? undefined : sessionOf(topic.state, session_id);
  if (!session)
    return {
      status: 'failed',
      ran: [],
      error: failure(
        'INTERNAL',
        `The turn in session ${session_id} completed, but the topic does not remember that session.`,
      ),
    };
  turn.checking = true;
  topic.show();
  try {
    const { cwd, host } = session.pinned;
    const config_cwd = configDirectoryOf(session.pinned);
    const workspace = turn.prompt.request.workspace?.mode;
    const input = { asked, cwd, ...(config_cwd !== cwd && { config_cwd }), ...defined({ workspace }) };
    const { ran } = await onHost(work, host, (where) => calls.runChecks(input, turn.turn, where));
    return { status: 'completed', ran };
  } catch (thrown) {
    if (topic.features.current && scope.consideredCancelled) topic.stops.add(session, work.prompt.prompt_id);
    const { status, error } = stoppedAs(turn, endedByError(thrown, session, scope.consideredCancelled));
    return { status, ran: [], ...defined({ error }) };
  } finally {
    delete turn.checking;
    topic.show();
  }
}

/**
 * The prompt of the next fix. It goes to the session of the turn before, so it drops what the
 * caller's prompt said about choosing a session.
 */
function nextPrompt({ topic, turn }: Work, failed: CheckRun, fix: number): QueuedPrompt {
  const { state, features } = topic;
  const { prompt_id, request } = turn.prompt;
  const text = `Failed: \`${failed.run}\` ${howOf(failed)}${failed.output === undefined ? ' It printed nothing.' : ` Its output:\n\n${failed.output}`}\n\nFix.`;
  const id = features.current ? derivedId(['fix', fix, prompt_id], digestOf) : (`${prompt_id}/fix-${fix}` as PromptId);
  const where: Pick<PromptRequest, 'session_id' | 'on_lost'> = {
    ...defined({ session_id: request.session_id, on_lost: request.on_lost }),
  };
  const prompt: QueuedPrompt = { prompt_id: id, request: { prompt: text, ...where }, accepted_at: now() };
  rememberId(state, id, digestOfRequest(prompt.request));
  state.turns += 1;
  Object.assign(turn, { turn: state.turns, fix, started_at: now() });
  delete turn.choice; // The choice belongs to the round before.
  delete turn.brief;
  const granted = turn.answered?.filter(({ ask }) => ask.budget) ?? [];
  for (const field of OF_ONE_TURN) delete turn[field];
  if (granted.length > 0) turn.answered = granted; // A budget is for all rounds.
  const session = turn.session_id === null ? undefined : sessionOf(state, turn.session_id);
  // Counts the turn of the round before. `recordOutcome` counts the turn of the last round.
  if (session) session.turns += 1;
  return prompt;
}

/** An answer to one turn is not an answer to the next. */
const OF_ONE_TURN = ['answered', 'parked_since', 'tries', 'said', 'goes_on', 'worked_ms', 'instead', 'used'] as const;

function howOf({ exit_code, stopped, left_behind }: CheckRun): string {
  const ended = stopped === undefined ? `ended with exit code ${exit_code}.` : `was stopped: ${stopped}.`;
  return left_behind === undefined ? ended : `${ended} It left ${left_behind} processes behind; they were ended.`;
}

function unfixed(failed: CheckRun, fixes: number): string {
  const tries = fixes === 0 ? 'No fix was asked for.' : `${fixes} ${fixes === 1 ? 'fix' : 'fixes'} did not help.`;
  return `\`${failed.run}\` ${howOf(failed)} ${tries}`;
}

function roundOf({ turn, prompt_id, status, duration_ms, usage }: TurnResult, ran: CheckRun[]): CheckRound {
  return { turn, prompt_id, status, duration_ms, ...defined({ usage }), ran };
}

/** Joins the rounds to the one outcome that the caller waits for. */
function together(
  { turn }: Work,
  first: First,
  last: TurnResult,
  checks: NonNullable<TurnResult['checks']>,
): TurnResult {
  const used = checks.rounds.flatMap(({ usage }) => usage ?? []);
  const asks = boundedAsks([...(turn.loop?.asks ?? []), ...(last.asks ?? [])]);
  return {
    ...last,
    ...(asks.length > 0 && { asks }),
    prompt_id: turn.prompt.prompt_id,
    ...defined({ goal: first.goal }),
    session: last.session.kind === 'replaced' ? last.session : first.session,
    started_at: first.started_at,
    duration_ms: Date.parse(now()) - Date.parse(first.started_at),
    ...(used.length > 0 && { usage: sumOf(used) }),
    checks,
  };
}
