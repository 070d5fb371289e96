/** Answers about several prompts at once, when the first or all of them have ended. */
import type { CallToolResult } from '@modelcontextprotocol/server';
import { problemOf, type NamedPrompt, type PromptReport, type WaitFor } from '../client/outcomes.js';
import { SessionError } from '../client/session-error.js';
import type { Failure } from '../contract/failures.js';
import { answer, factsOf, refusalAnswer, stateAnswer, textOf, type Showing } from './answers.js';
import { deadlineOf, reportEvery, type Call } from './call.js';
import { roomOf, WHOLE_ANSWER, type Room } from './tokens.js';

export async function severalOutcomes(
  prompts: NamedPrompt[],
  { wait, wait_seconds }: { wait: WaitFor; wait_seconds?: number },
  call: Call,
): Promise<CallToolResult> {
  const withinMs = Math.max(0, deadlineOf(wait_seconds, call) - performance.now());
  return call.using(async (manager) => {
    let over = 0;
    const progress = reportEvery(call, () => `waiting for ${wait}: ${over} of ${prompts.length} have ended meanwhile`);
    try {
      const options = withinMs === 0 ? {} : { wait, withinMs, signal: call.signal, onEnded: () => (over += 1) };
      const reports = await call.pushes.during(prompts, () => manager.outcomes(prompts, options));
      for (const report of call.signal.aborted ? [] : reports)
        if (report.state === 'ended') call.handedOver.delivered(report);
        else call.pushes.saw(report.topic, report);
      return severalAnswers(reports);
    } finally {
      progress.end();
    }
  });
}

/** Room for the heading of each part, and for the first line. */
const AROUND: Room = { tokens: 60, bytes: 300, lines: 6 };

/** The parts share the room. Room that one part does not use goes to the parts after it. */
function severalAnswers(reports: readonly PromptReport[]): CallToolResult {
  const open = reports.filter(({ state }) => state === 'queued' || state === 'running').length;
  const ended = reports.filter(({ state }) => state === 'ended').length;
  const left = minus(WHOLE_ANSWER, AROUND);
  const sections: string[] = [];
  const outcomes = reports.map((report, index) => {
    const room = minus(shareOf(left, reports.length - index), AROUND);
    const one = answerTo(report, { room });
    const section = `── ${index + 1} of ${reports.length} ──\n${textOf(one)}`;
    Object.assign(left, minus(left, roomOf(`${section}\n\n`)));
    sections.push(section);
    return factsOf(one);
  });
  const head = `${ended} of ${reports.length} have ended${open > 0 ? `, ${open} go on` : ''}.`;
  return answer({ outcomes, ended, open }, [head, ...sections], ended + open === 0);
}

function answerTo(report: PromptReport, showing: Showing): CallToolResult {
  const { topic, prompt_id } = report;
  const problem = problemOf(report);
  if (!problem && report.state !== 'error') {
    const known = stateAnswer({ status: 'accepted', topic, prompt_id }, report, showing);
    if (known) return known;
  }
  return refusalAnswer(new SessionError(problem as Failure, { topic, prompt_id }));
}

const minus = (room: Room, taken: Room): Room => ({
  tokens: room.tokens - taken.tokens,
  bytes: room.bytes - taken.bytes,
  lines: room.lines - taken.lines,
});

const shareOf = ({ tokens, bytes, lines }: Room, among: number): Room => ({
  tokens: tokens / among,
  bytes: bytes / among,
  lines: lines / among,
});
