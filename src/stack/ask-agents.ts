/** The worker's program knows the agents; it is asked in a process of its own. */
import { execa } from 'execa';
import { failure, isFailureCode, type Failure } from '../contract/failures.js';
import { StackError } from './stack-error.js';
import { workerScript } from './worker-script.js';

const WITHIN_MS = 90_000;

/** @throws StackError with what the agent said, or INTERNAL */
export async function askAgents<T>(question: 'describe' | 'transcript' | 'interface', dataDir: string, about?: object): Promise<T> {
  const asked = await execa(process.execPath, [workerScript(), '--ask', question], {
    env: { CONTINUITY_DATA_DIR: dataDir },
    input: JSON.stringify(about ?? null),
    reject: false,
    timeout: WITHIN_MS,
    maxBuffer: 1024 * 1024 * 1024,
  });
  if (!asked.failed) return JSON.parse(asked.stdout) as T;
  const said = failureIn(asked.stderr) ?? failure('INTERNAL', `The worker's program did not answer (${question}): ${asked.stderr.trim().slice(-500) || asked.shortMessage}`);
  throw new StackError(said);
}

/** Its last line; what stands before it is log. */
function failureIn(stderr: string): Failure | undefined {
  try {
    const said = JSON.parse(stderr.trim().split('\n').at(-1) ?? '') as Failure;
    return isFailureCode(said.code) ? said : undefined;
  } catch {
    return undefined; // SyntaxError: it broke in some other way.
  }
}
