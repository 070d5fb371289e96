/**
 * Asks the worker's program about agents. Only that program knows them, so it runs in a separate
 * process.
 */
import { execa } from 'execa';
import type { AgentAnswers, Question } from '../contract/agent-answers.js';
import { Failed, failure, isFailureCode, type Failure } from '../contract/failures.js';
import { workerScript } from './worker-script.js';

const WITHIN_MS = 90_000;

/** @throws Failed with the agent's failure, or INTERNAL */
export async function askAgents<Q extends Question>(
  question: Q,
  dataDir: string,
  about?: object,
  cwd?: string,
  withinMs = WITHIN_MS,
): Promise<AgentAnswers[Q]> {
  const asked = await execa(process.execPath, [workerScript(), '--ask', question], {
    env: { CONTINUITY_DATA_DIR: dataDir },
    ...(cwd !== undefined && { cwd }),
    input: JSON.stringify(about ?? null),
    reject: false,
    timeout: withinMs,
    maxBuffer: 1024 * 1024 * 1024,
  });
  if (!asked.failed) return JSON.parse(asked.stdout) as AgentAnswers[Q];
  const said =
    failureIn(asked.stderr) ??
    failure(
      'INTERNAL',
      `The worker's program did not answer (${question}): ${asked.stderr.trim().slice(-500) || asked.shortMessage}`,
    );
  throw new Failed(said);
}

/** The failure is the last line. The lines before it are log. */
function failureIn(stderr: string): Failure | undefined {
  try {
    const said = JSON.parse(stderr.trim().split('\n').at(-1) ?? '') as Failure;
    return isFailureCode(said.code) ? said : undefined;
  } catch {
    return undefined; // SyntaxError: the program ended without a failure.
  }
}
