/** Asks an agent's program for its version. */
import { stat } from 'node:fs/promises';
import { execa } from 'execa';
import { failure, type Failure } from '../../contract/failures.js';
import type { Environment } from '../../host/environment.js';
import { AgentError } from '../agent.js';

/** A start takes half a second, and much longer on a busy machine. */
const WITHIN_MS = 60_000;

/** Of what a program prints. A version is far shorter. */
const MOST_CHARACTERS = 1_000;

/** By path, time and size of the program, so that a replaced program is asked again. */
const known = new Map<string, string>();

/**
 * Starts the program, once.
 *
 * @param whyNot finds the reason why the program does not start
 * @throws AgentError AGENT_NOT_FOUND when the program does not run, or the failure of `whyNot`
 */
export async function versionOf(
  program: string,
  env: Environment,
  whyNot?: () => Promise<Failure | undefined>,
): Promise<string> {
  const { mtimeMs, size } = await stat(program);
  const key = `${program}\0${mtimeMs}\0${size}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const asked = await execa(program, ['--version'], {
    env,
    extendEnv: false,
    reject: false,
    timeout: WITHIN_MS,
    stdin: 'ignore',
  });
  if (asked.failed) {
    const reason = await whyNot?.();
    if (reason) throw new AgentError(reason, false);
    const said = asked.stderr.trim().split('\n').at(-1) ?? '';
    throw new AgentError(
      failure(
        'AGENT_NOT_FOUND',
        `${program} --version does not run: ${asked.shortMessage ?? 'it failed'}.${said && ` It says: ${said.slice(0, 300)}`}`,
        ...(asked.timedOut ? ['Try again when this machine has less to do.'] : []),
      ),
      asked.timedOut,
    );
  }
  const version = asked.stdout.trim().replace(/^v/, '').slice(0, MOST_CHARACTERS);
  known.set(key, version);
  return version;
}
