/**
 * The verification loop: a turn, its checks, and as long as one of them fails, a prompt to the same session to fix it. A prompt without checks is one turn.
 * The loop is one prompt to its caller, and holds the topic until it ends; each of its rounds is a turn. A crash goes on from where it was, for all of this is in history.
 */
import * as wf from '@temporalio/workflow';
import type { Activities, AskedChecks } from '../activities/types.js';
import { failure, type Failure } from '../contract/failures.js';
import { DEFAULT_MAX_FIXES } from '../contract/limits.js';
import type { QueuedPrompt, SessionRecord } from '../contract/messages.js';
import type { CheckRound, CheckRun, PromptRequest, TurnResult, Usage } from '../contract/types.js';
import { rememberId, sessionOf } from './session-state.js';
import { titleOf } from './text.js';
import { fixIdOf } from './topic-view.js';
import { askedChecksOf, endedByError, onHost, runPrompt, stoppedAs, type Work } from './turn.js';

/** Never throws: a failed or cancelled turn is a result. */
export async function workOn(work: Work): Promise<TurnResult> {
  const asked = askedChecksOf(work);
  const first = await runPrompt(work);
  if (!asked) return first;

  const { max_fixes = DEFAULT_MAX_FIXES } = work.prompt.request;
  const rounds: CheckRound[] = [];
  let turn = first;
  for (;;) {
    const { ran, error, ...ended } = turn.status === 'completed' ? await checked(work, turn, asked) : { ...turn, ran: [] };
    for (const before of rounds) before.ran = before.ran.map(withoutOutput);
    rounds.push(roundOf(turn, ran));
    const outcome = (how: Pick<TurnResult, 'status'> & { error?: Failure }, passed = false) =>
      together(work, first, { ...turn, ...how }, { passed, max_fixes, rounds });
    if (ended.status !== 'completed') return outcome({ status: ended.status, ...(error && { error }) });
    const failed = ran.find((run) => !run.passed);
    if (!failed) return outcome({ status: 'completed' }, true);
    if (rounds.length > max_fixes) return outcome({ status: 'failed', error: failure('CHECKS_FAILED', unfixed(failed, max_fixes)) });
    turn = await runPrompt(nextRound(work, failed, rounds.length));
  }
}

type Checked = Pick<TurnResult, 'status'> & { error?: Failure; ran: CheckRun[] };

async function checked(work: Work, { session_id }: TurnResult, asked: AskedChecks): Promise<Checked> {
  const session = session_id === null ? undefined : sessionOf(work.state, session_id);
  if (!session) return { status: 'failed', ran: [], error: failure('INTERNAL', `Session ${session_id} of a turn that completed is not remembered.`) };
  work.turn.checking = true;
  work.show();
  try {
    return { status: 'completed', ...(await runChecks(work, session, asked)) };
  } catch (thrown) {
    const { status, error } = stoppedAs(work.turn, endedByError(thrown, session, work.scope.consideredCancelled));
    return { status, ran: [], ...(error && { error }) };
  } finally {
    delete work.turn.checking;
    work.show();
  }
}

function runChecks(work: Work, { pinned }: SessionRecord, asked: AskedChecks): Promise<{ ran: CheckRun[] }> {
  const [check] = asked.checks;
  const options = {
    // Each command has its own limit; this only bounds an attempt that forgot them.
    startToCloseTimeout: '11 days',
    heartbeatTimeout: '8 seconds',
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    // A command that takes its worker along would do so for ever.
    retry: { initialInterval: '500ms', backoffCoefficient: 1, maximumAttempts: 10 },
    summary: `check turn ${work.turn.turn}: ${titleOf(check?.run ?? '')}${asked.checks.length > 1 ? ` and ${asked.checks.length - 1} more` : ''}`,
  } as const;
  const input = { asked, cwd: pinned.cwd };
  return onHost(work, pinned.host, (where) => work.scope.run(() => wf.proxyActivities<Activities>({ ...options, ...where }).runChecks(input)));
}

/** A turn of its own, in the session that did it: what the prompt said of where to go has been done. */
function nextRound(work: Work, failed: CheckRun, fix: number): Work {
  const { prompt_id, request } = work.prompt;
  const text = `Failed: \`${failed.run}\` ${howOf(failed)}${failed.output === undefined ? ' It printed nothing.' : ` Its output:\n\n${failed.output}`}\n\nFix.`;
  const id = fixIdOf(prompt_id, fix);
  rememberId(work.state, id, text);
  work.state.turns += 1;
  const now = new Date().toISOString();
  Object.assign(work.turn, { turn: work.state.turns, fix, started_at: now });
  const session = work.turn.session_id === null ? undefined : sessionOf(work.state, work.turn.session_id);
  if (session) session.turns += 1; // The last round's is counted with the outcome.
  const where: Pick<PromptRequest, 'session_id' | 'on_lost'> = {
    ...(request.session_id !== undefined && { session_id: request.session_id }),
    ...(request.on_lost !== undefined && { on_lost: request.on_lost }),
  };
  const prompt: QueuedPrompt = { prompt_id: id, request: { prompt: text, ...where }, accepted_at: now };
  return { ...work, prompt };
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

/** A fix was asked for with it: it is told only of the last round. */
function withoutOutput(run: CheckRun): CheckRun {
  const short = { ...run };
  delete short.output;
  return short;
}

/** The rounds as the one outcome that the caller waits for. */
function together({ prompt }: Work, first: TurnResult, last: TurnResult, checks: NonNullable<TurnResult['checks']>): TurnResult {
  const usage = checks.rounds.reduce<Usage | undefined>((sum, round) => (round.usage ? added(sum, round.usage) : sum), undefined);
  return {
    ...last,
    prompt_id: prompt.prompt_id,
    ...(first.goal !== undefined && { goal: first.goal }),
    session: last.session.kind === 'replaced' ? last.session : first.session,
    started_at: first.started_at,
    duration_ms: Date.now() - Date.parse(first.started_at),
    ...(usage && { usage }),
    checks,
  };
}

function added(sum: Usage | undefined, usage: Usage): Usage {
  if (!sum) return usage;
  const names = new Set([...Object.keys(sum), ...Object.keys(usage)] as (keyof Usage)[]);
  return Object.fromEntries([...names].map((name) => [name, (sum[name] ?? 0) + (usage[name] ?? 0)])) as unknown as Usage;
}
