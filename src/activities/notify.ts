/**
 * Runs the commands of notices on the session's host, one after the other. A command that fails is
 * reported and not run again. A command that could not be started is tried again.
 */
import { createHash } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { AgentError } from '../agents/agent.js';
import { Failed, failure, type Failure } from '../contract/failures.js';
import type { NotifyInput, NotifyOutput } from '../contract/notices.js';
import { forgetOldNotices, runNotice } from '../host/notice-command.js';
import { failureOfDirectory, workingDirectory } from '../host/working-directory.js';
import type { ActivityContext } from './context.js';
import { contextIn } from './configured.js';
import { NOTIFY_COMMAND, refusedCheck } from './may-check.js';
import { handOver, translated } from './translate.js';

type One = NotifyInput['notices'][number];

const HEARTBEAT_EVERY_MS = 1000;

export async function notify(input: NotifyInput, worker: ActivityContext): Promise<NotifyOutput> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), HEARTBEAT_EVERY_MS);
  const detach = new AbortController();
  context.cancelled.catch((error: unknown) => detach.abort(error));
  try {
    return await worker.fence.alone(`the notices of topic ${input.topic}`, detach.signal, async (signal) => {
      const failed: NotifyOutput['failed'] = [];
      for (const [at, one] of input.notices.entries()) {
        const problem = await delivered(one, input, worker, signal);
        if (problem !== undefined) failed.push({ at, problem });
        const { topic } = input;
        worker.log('notice', { topic, prompt_id: one.prompt_id, event: one.event.event, problem });
      }
      await forgetOld(worker.config.dataDir);
      return { failed };
    });
  } catch (error) {
    throw handOver(context.cancellationDetails, error) ?? retried(error);
  } finally {
    clearInterval(beat);
  }
}

const FORGETS_EVERY_MS = 60 * 60 * 1000;
let forgotAt = -Infinity;

/** Not with each notice, because it reads the whole folder. */
async function forgetOld(dataDir: string): Promise<void> {
  if (performance.now() - forgotAt < FORGETS_EVERY_MS) return;
  forgotAt = performance.now();
  await forgetOldNotices(dataDir);
}

/** @returns why its command did not end well */
async function delivered(
  one: One,
  { topic, epoch, cwd = workingDirectory(), config_cwd = cwd }: NotifyInput,
  worker: ActivityContext,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { run, proof, prompt_id, event } = one;
  const { config } = await contextIn(config_cwd, worker);
  const asked = { topic, prompt_id, checks: [{ run }], ...(proof !== undefined && { proof }) };
  const refused = await refusedCheck(asked, config, worker.host, worker.isCheckProof, NOTIFY_COMMAND);
  if (refused) return `${refused.code}: ${refused.message}`;
  // A work tree may be gone with its topic. The directory that it was made from is not.
  const lost = await failureOfDirectory(cwd);
  const place = lost ? config_cwd : cwd;
  const nowhere = lost && (await failureOfDirectory(config_cwd));
  if (nowhere) return `${nowhere.code}: ${nowhere.message}`;
  const env = {
    CONTINUITY_TOPIC: topic,
    CONTINUITY_PROMPT_ID: prompt_id,
    CONTINUITY_EVENT: event.event,
    CONTINUITY_STATUS: event.status ?? 'waiting',
  };
  const key = keyOf([topic, epoch ?? null, prompt_id, one.name]);
  const command = { key, run, cwd: place, env, stdin: `${JSON.stringify(event)}\n` };
  return runNotice(command, worker.config.dataDir, signal);
}

/** Without the id of a run: a run that was reset delivers the same notice. */
function keyOf(words: readonly (string | null)[]): string {
  return createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, 32);
}

/** Retryable: the reason may pass, such as a config file that is being edited. */
function retried(error: unknown): unknown {
  const what =
    error instanceof Failed
      ? (error.failure as Failure)
      : failure('INTERNAL', error instanceof Error ? error.message : String(error));
  return translated(new AgentError(what, true, { cause: error }));
}
