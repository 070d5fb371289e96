/** Shows several prompts at once, and waits for the first or all of them. */
import { problemOf, type NamedPrompt, type PromptReport } from '../client/outcomes.js';
import { failure } from '../contract/failures.js';
import { connected } from './connect.js';
import { LEFT, untilInterrupted } from './interrupted.js';
import { exitOf } from './terminal/fail.js';
import type { Output } from './terminal/output.js';
import { waitingLines } from './terminal/waiting-text.js';

/** @returns the exit code of the first that did not complete. `LEFT` when a person stopped the wait. */
export async function showOutcomes(
  prompts: readonly NamedPrompt[],
  { wait, any, ...flags }: { wait?: boolean; any?: boolean; cwd?: string; 'data-dir'?: string },
  output: Output,
): Promise<number> {
  return untilInterrupted((signal) =>
    connected(flags, async ({ manager }) => {
      const waiting = wait ? { wait: any ? ('any' as const) : ('all' as const), signal } : {};
      const reports = await manager.outcomes(prompts, waiting).catch((error: unknown) => {
        if (!signal.aborted) throw error;
        return manager.outcomes(prompts);
      });
      output.answer({ outcomes: reports }, reports.map(textOf).join('\n\n'));
      if (!output.json) for (const report of reports) note(report, output);
      if (signal.aborted) return LEFT;
      const code = reports.map(codeOf).find((one) => one !== undefined);
      return code === undefined ? 0 : exitOf(code);
    }),
  );
}

function textOf(report: PromptReport): string {
  const head = `── ${report.topic} ${report.prompt_id}: ${wordOf(report)}`;
  return report.state === 'ended' && report.outcome?.reply ? `${head}\n${report.outcome.reply}` : head;
}

function wordOf(report: PromptReport): string {
  if (report.state === 'queued') return `queued at position ${report.position}`;
  if (report.state === 'ended') return report.outcome?.status ?? 'ended';
  return report.state === 'running' && report.waiting ? 'running, and waits' : report.state;
}

function note(report: PromptReport, output: Output): void {
  const problem = problemOf(report) ?? (report.state === 'ended' ? report.outcome?.error : undefined);
  if (problem) output.problem(problem);
  if (report.state !== 'running' || !report.waiting) return;
  for (const line of waitingLines(report.topic, report.waiting, Date.now())) output.note(line);
}

function codeOf(report: PromptReport): string | undefined {
  const problem = problemOf(report);
  if (problem || report.state !== 'ended') return problem?.code;
  const { status, error } = report.outcome!;
  return error?.code ?? (status === 'cancelled' ? failure('CANCELLED', '').code : undefined);
}
