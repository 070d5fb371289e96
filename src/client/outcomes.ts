/** Asks for several prompts in any topics, and waits until the first or all of them have ended. */
import { failure, type Failure } from '../contract/failures.js';
import type { PromptId, TopicId } from '../contract/ids.js';
import type { PromptState } from '../contract/types.js';
import { sessionError } from './session-error.js';
import type { SessionManager } from './session-manager.js';
import { toldOf } from './told.js';

/** Each prompt is asked for by query, about once a second. */
export const MAX_PROMPTS_AT_ONCE = 20;

export interface NamedPrompt {
  topic: string;
  prompt_id: string;
}

/** `error`: the state of the prompt cannot be read, for example because its topic is not known. */
export type PromptReport = { topic: TopicId } & (
  PromptState | { state: 'error'; prompt_id: PromptId; error: Omit<Failure, 'code'> & { code: string } }
);

export const WAIT_FOR = ['any', 'all'] as const;
export type WaitFor = (typeof WAIT_FOR)[number];

export interface OutcomesOptions {
  /**
   * `any`: until one of them has ended. `all`: until all have. Either wait ends early when a turn
   * asks something, because that turn goes on only when it is answered. Default: no wait.
   */
  wait?: WaitFor;
  /** After this time the wait returns the states as they are. Default: no limit. */
  withinMs?: number;
  /** Stops the wait, not the turns. The call throws the signal's reason. */
  signal?: AbortSignal;
  /** Called with each prompt that ends while it waits. */
  onEnded?: (report: PromptReport) => void;
}

type Asked = Pick<SessionManager, 'outcome' | 'wait'>;

/** @throws SessionError INVALID_PROMPT for no prompt, or too many */
export async function outcomesOf(
  manager: Asked,
  prompts: readonly NamedPrompt[],
  { wait, withinMs, signal, onEnded }: OutcomesOptions = {},
): Promise<PromptReport[]> {
  if (!(prompts.length > 0 && prompts.length <= MAX_PROMPTS_AT_ONCE))
    throw sessionError('INVALID_PROMPT', `Field "prompts" must name 1 to ${MAX_PROMPTS_AT_ONCE} prompts.`);
  if (wait !== undefined && !WAIT_FOR.includes(wait))
    throw sessionError('INVALID_PROMPT', `Field "wait" must be "any" or "all"; got ${JSON.stringify(wait)}.`);
  signal?.throwIfAborted();
  const reports = await Promise.all(prompts.map((prompt) => reportOf(manager, prompt)));
  signal?.throwIfAborted();
  if (wait === undefined || isEnough(reports, wait)) return reports;
  await waitFor(manager, reports, { wait, ...(withinMs !== undefined && { withinMs }), signal, onEnded });
  signal?.throwIfAborted();
  return Promise.all(
    // Keep the last state of a topic that does not answer now.
    reports.map(async (report) => {
      const now = isOpen(report) ? await reportOf(manager, report) : report;
      return now.state === 'error' ? report : now;
    }),
  );
}

interface Wait {
  wait: WaitFor;
  withinMs?: number;
  signal: AbortSignal | undefined;
  onEnded: OutcomesOptions['onEnded'];
}

/** Updates `reports` as prompts end. */
function waitFor(manager: Asked, reports: PromptReport[], { wait, withinMs, signal, onEnded }: Wait): Promise<void> {
  const stop = new AbortController();
  return new Promise<void>((resolve) => {
    const over = () => resolve();
    const timer = withinMs === undefined ? undefined : setTimeout(over, withinMs);
    signal?.addEventListener('abort', over, { once: true });
    stop.signal.addEventListener('abort', () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', over);
    });
    for (const [at, report] of reports.entries()) {
      const { topic, prompt_id } = report;
      if (!isOpen(report)) continue;
      const onWaiting = (waiting: { for: string } | undefined) => waiting?.for === 'answer' && resolve();
      manager.wait(topic, prompt_id, { signal: stop.signal, onWaiting }).then(
        (outcome) => {
          const ended: PromptReport = { topic, prompt_id, state: 'ended', outcome };
          reports[at] = ended;
          onEnded?.(ended);
          if (isEnough(reports, wait)) resolve();
        },
        (error: unknown) => {
          if (stop.signal.aborted) return;
          reports[at] = unknownBecause(error, { topic, prompt_id });
          if (isEnough(reports, wait)) resolve();
        },
      );
    }
  }).finally(() => stop.abort());
}

async function reportOf(manager: Asked, prompt: NamedPrompt): Promise<PromptReport> {
  try {
    const topic = prompt.topic as TopicId;
    return { topic, ...(await manager.outcome(topic, prompt.prompt_id)) };
  } catch (error) {
    return unknownBecause(error, prompt);
  }
}

function unknownBecause(error: unknown, { topic, prompt_id }: NamedPrompt): PromptReport {
  const told = toldOf(error).error;
  return { topic: topic as TopicId, prompt_id: prompt_id as PromptId, state: 'error', error: told };
}

/** Whether its outcome may still come by itself. */
function isOpen(report: PromptReport): boolean {
  return report.state === 'queued' || report.state === 'unknown' || (report.state === 'running' && !asks(report));
}

function asks(report: PromptReport): boolean {
  return report.state === 'running' && report.waiting?.for === 'answer';
}

/** A prompt whose state cannot be read does not count as the first that has ended. */
function isEnough(reports: readonly PromptReport[], wait: WaitFor): boolean {
  if (!reports.some(isOpen) || reports.some(asks)) return true;
  return wait === 'any' && reports.some(({ state }) => state === 'ended' || state === 'refused');
}

/** Why a prompt has no outcome and will have none. Undefined when it has one, or may still get one. */
export function problemOf(report: PromptReport): { code: string; message: string; fix: string } | undefined {
  const { topic, prompt_id } = report;
  switch (report.state) {
    case 'error':
    case 'refused':
      return report.error;
    case 'unknown':
      return failure('OUTCOME_UNKNOWN', `Prompt ${prompt_id} of topic ${topic} is not known there.`);
    case 'ended':
      return report.outcome
        ? undefined
        : failure(
            'OUTCOME_UNKNOWN',
            `Prompt ${prompt_id} of topic ${topic} has ended, and its outcome is no longer remembered.`,
          );
    default:
      return undefined;
  }
}
