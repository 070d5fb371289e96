/**
 * The verification loop: a turn, its checks, and as long as one of them fails, a prompt to the same session to fix it. A
 * prompt without checks is one turn. To its caller the loop is one prompt, and it holds the topic until it ends; each of its
 * rounds is a turn. What a later run needs to go on with it is in `turn.loop`.
 */
import { failure, type Failure } from '../contract/failures.js';
import { derivedId, type PromptId } from '../contract/ids.js';
import { DEFAULT_MAX_FIXES, MAX_OUTCOME_FACTS_BYTES } from '../contract/limits.js';
import type { QueuedPrompt } from '../contract/state.js';
import { digestOfRequest } from '../contract/parse-prompt.js';
import { digestOf } from '../contract/text.js';
import type { AskedChecks } from '../activities/types.js';
import type { CheckRound, CheckRun, PromptRequest, TurnResult, Usage } from '../contract/types.js';
import * as calls from './calls.js';
import { endedByError } from './ended.js';
import { onHost } from './on-host.js';
import { boundedRounds, withoutOutput } from './remembered.js';
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
    const { ran, error, ...ended } = turn.status === 'completed' ? await checked(work, turn, asked) : { ...turn, ran: [] };
    rounds = boundedRounds([...rounds.map((round) => ({ ...round, ran: round.ran.map(withoutOutput) })), roundOf(turn, ran)], MAX_OUTCOME_FACTS_BYTES / 2);
    const outcome = (how: Pick<TurnResult, 'status'> & { error?: Failure }, passed = false) =>
      together(work, first, { ...turn, ...how }, { passed, max_fixes, rounds });
    if (ended.status !== 'completed') return outcome({ status: ended.status, ...(error && { error }) });
    const failed = ran.find((run) => !run.passed);
    if (!failed) return outcome({ status: 'completed' }, true);
    const fixes = running.fix ?? 0;
    if (fixes >= max_fixes) return outcome({ status: 'failed', error: failure('CHECKS_FAILED', unfixed(failed, max_fixes)) });
    const prompt = nextPrompt(work, failed, fixes + 1);
    running.loop = { first, rounds, prompt };
    turn = await runPrompt({ ...work, prompt });
  }
}

type First = Pick<TurnResult, 'goal' | 'session' | 'started_at'>;

function firstOf({ goal, session, started_at }: TurnResult): First {
  return { ...(goal !== undefined && { goal }), session, started_at };
}

type Checked = Pick<TurnResult, 'status'> & { error?: Failure; ran: CheckRun[] };

async function checked(work: Work, { session_id }: TurnResult, asked: AskedChecks): Promise<Checked> {
  const { topic, turn, scope } = work;
  const session = session_id === null ? undefined : sessionOf(topic.state, session_id);
  if (!session) return { status: 'failed', ran: [], error: failure('INTERNAL', `Session ${session_id} of a turn that completed is not remembered.`) };
  turn.checking = true;
  topic.show();
  try {
    const { ran } = await onHost(work, session.pinned.host, (where) => calls.runChecks(asked, session.pinned.cwd, turn.turn, where));
    return { status: 'completed', ran };
  } catch (thrown) {
    if (topic.features.current && scope.consideredCancelled) topic.stopAtNextContact(session);
    const { status, error } = stoppedAs(turn, endedByError(thrown, session, scope.consideredCancelled));
    return { status, ran: [], ...(error && { error }) };
  } finally {
    delete turn.checking;
    topic.show();
  }
}

/** A turn of its own, in the session that did it: what the caller's prompt said about where to go has been done. */
function nextPrompt({ topic, turn }: Work, failed: CheckRun, fix: number): QueuedPrompt {
  const { state, features } = topic;
  const { prompt_id, request } = turn.prompt;
  const text = `Failed: \`${failed.run}\` ${howOf(failed)}${failed.output === undefined ? ' It printed nothing.' : ` Its output:\n\n${failed.output}`}\n\nFix.`;
  const id = features.current ? derivedId(['fix', fix, prompt_id], digestOf) : (`${prompt_id}/fix-${fix}` as PromptId);
  const where: Pick<PromptRequest, 'session_id' | 'on_lost'> = {
    ...(request.session_id !== undefined && { session_id: request.session_id }),
    ...(request.on_lost !== undefined && { on_lost: request.on_lost }),
  };
  const prompt: QueuedPrompt = { prompt_id: id, request: { prompt: text, ...where }, accepted_at: now() };
  rememberId(state, id, digestOfRequest(prompt.request));
  state.turns += 1;
  Object.assign(turn, { turn: state.turns, fix, started_at: now() });
  delete turn.choice; // It was the choice of the round before.
  delete turn.brief;
  const session = turn.session_id === null ? undefined : sessionOf(state, turn.session_id);
  if (session) session.turns += 1; // The last round's is counted with the outcome.
  return prompt;
}

function howOf({ exit_code, stopped, left_behind }: CheckRun): string {
  const ended = stopped === undefined ? `ended with exit code ${exit_code}.` : `was stopped: ${stopped}.`;
  return left_behind === undefined ? ended : `${ended} It left ${left_behind} processes behind; they were ended.`;
}

function unfixed(failed: CheckRun, fixes: number): string {
  const tries = fixes === 0 ? 'No fix was asked for.' : `${fixes} ${fixes === 1 ? 'fix' : 'fixes'} did not help.`;
  return `\`${failed.run}\` ${howOf(failed)} ${tries}`;
}

function roundOf({ turn, prompt_id, status, duration_ms, usage }: TurnResult, ran: CheckRun[]): CheckRound {
  return { turn, prompt_id, status, duration_ms, ...(usage && { usage }), ran };
}

/** The rounds as the one outcome that the caller waits for. */
function together({ turn }: Work, first: First, last: TurnResult, checks: NonNullable<TurnResult['checks']>): TurnResult {
  const usage = checks.rounds.reduce<Usage | undefined>((sum, round) => (round.usage ? added(sum, round.usage) : sum), undefined);
  return {
    ...last,
    prompt_id: turn.prompt.prompt_id,
    ...(first.goal !== undefined && { goal: first.goal }),
    session: last.session.kind === 'replaced' ? last.session : first.session,
    started_at: first.started_at,
    duration_ms: Date.parse(now()) - Date.parse(first.started_at),
    ...(usage && { usage }),
    checks,
  };
}

function added(sum: Usage | undefined, usage: Usage): Usage {
  if (!sum) return usage;
  const names = new Set([...Object.keys(sum), ...Object.keys(usage)] as (keyof Usage)[]);
  return Object.fromEntries([...names].map((name) => [name, (sum[name] ?? 0) + (usage[name] ?? 0)])) as unknown as Usage;
}
