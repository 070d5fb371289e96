/** Writes the report of a task. A model reads it without having asked. */
import type { PromptReport } from '../client/outcomes.js';
import { oneLine } from '../client/one-line.js';

export interface Push {
  content: string;
  /** Names are letters, digits and underscores: a client makes attributes of them. */
  meta: Record<string, string>;
}

/**
 * The report has no words of the agent. The model reads a reply or an ask with a tool, whose answer says
 * whose words they are.
 */
export function pushOf(report: PromptReport): Push | undefined {
  const { topic, prompt_id } = report;
  const said = saidOf(report);
  if (!said) return undefined;
  const { event, status, words, then } = said;
  const task = `Task ${JSON.stringify({ topic, prompt_id })}`;
  return { content: `${task} ${words} ${then}`, meta: { event, status, topic, prompt_id } };
}

function saidOf(report: PromptReport): { event: string; status: string; words: string; then: string } | undefined {
  if (report.state === 'refused')
    return { event: 'ended', status: 'refused', words: `was refused: ${report.error.code}.`, then: READ };
  if (report.state === 'ended') {
    const { status = 'ended', error, goal } = report.outcome ?? {};
    const what = goal === undefined ? '' : ` It was: ${oneLine(goal, 120)}`;
    const words = `has ended as ${status}${error ? ` (${error.code})` : ''}.${what}`;
    return { event: 'ended', status, words, then: READ };
  }
  if (report.state !== 'running' || !report.waiting) return undefined;
  const { waiting } = report;
  if (waiting.for === 'answer')
    return {
      ...{ event: 'asks', status: 'waiting', words: `waits for an answer to a ${waiting.ask.kind}.` },
      then: 'See what it asks: session_outcome with topic, prompt_id and wait_seconds 0. Answer it: session_answer.',
    };
  const what = waiting.for === 'quota' ? 'the limit of its provider' : 'its agent';
  return {
    ...{ event: 'silent', status: 'waiting' },
    words: `waits for ${what} (${waiting.because.code}) until ${waiting.until}.`,
    then: 'It goes on by itself then. Try it now: session_answer with decision "retry".',
  };
}

const READ = 'Read its reply: session_outcome with topic and prompt_id.';
