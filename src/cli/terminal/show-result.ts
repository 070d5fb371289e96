/**
 * Prints a turn's result. The reply goes to stdout. The session, the next command and any failure
 * go to stderr.
 */
import { askedWords } from '../../client/waiting-words.js';
import { workspaceLines, worktreeLines } from '../../client/workspace-words.js';
import { choiceWords } from '../../contract/choice-words.js';
import { failure } from '../../contract/failures.js';
import type { TurnResult } from '../../contract/types.js';
import { exitOf } from './fail.js';
import type { Output } from './output.js';
import { leftBehindLines } from './left-behind-text.js';
import { count, duration, quoted } from './words.js';

/** The JSON has them all. */
const SHOWN_ASKS = 10;

/** @returns the exit code */
export function showResult(result: TurnResult, output: Output): number {
  output.answer(result, result.reply);
  const error =
    result.error ??
    (result.status === 'cancelled' ? failure('CANCELLED', `Prompt ${result.prompt_id} was cancelled.`) : undefined);
  if (!output.json) {
    output.note(aboutOf(result));
    const { asks = [] } = result;
    for (const asked of asks.slice(-SHOWN_ASKS)) output.note(`asked: ${askedWords(asked)}`);
    for (const line of [...worktreeLines(result), ...workspaceLines(result), ...leftBehindLines(result)])
      output.note(line);
    const failed = result.checks?.rounds.at(-1)?.ran.find((run) => !run.passed);
    if (failed?.output) output.note(failed.output, 'reset');
    if (error) output.problem(error);
  }
  if (result.status === 'completed') return 0;
  return error ? exitOf(error.code) : 1;
}

/**
 * For example `topic auth · session ses_1 (resumed) · turn 2 · 1,200 tokens in, 80 out · 3.2 s · go
 * on: continuity delegate --topic auth "…"`
 */
export function aboutOf(result: TurnResult): string {
  const {
    topic,
    session_id,
    session,
    turn,
    usage,
    checks,
    recovered,
    guarantee,
    fell_back_from,
    model,
    compacted,
    not_compacted,
    duration_ms,
  } = result;
  const why = choiceWords(session);
  return [
    `topic ${topic}`,
    session_id ? `session ${session_id} (${why})` : `no session${session.replaces ? ` (${why})` : ''}`,
    turn > 0 && `turn ${turn}`,
    usage &&
      `${count(usage.input_tokens + usage.cache_read_tokens, 'token')} in, ${usage.output_tokens.toLocaleString('en')} out`,
    checks &&
      `checks ${checks.passed ? 'passed' : 'not passed'} after ${count(checks.rounds.length - 1, 'fix', 'fixes')}`,
    recovered && `${recovered} after a crash`,
    guarantee && 'put in at most once',
    fell_back_from && `model ${model ?? 'unknown'} instead of ${fell_back_from}`,
    compacted && 'the conversation was compacted',
    not_compacted && `not compacted: ${not_compacted}`,
    duration(duration_ms),
    result.reply_truncated &&
      `reply cut; all of it: continuity outcome ${quoted(topic)} ${quoted(result.prompt_id)} --full`,
    `go on: continuity delegate --topic ${quoted(topic)} "…"`,
  ]
    .filter(Boolean)
    .join(' · ');
}
