/**
 * Decides whether this host runs a command for the sender of a prompt. It is decided before the
 * prompt is put in, and again before each command.
 */
import type { Config } from '../config.js';
import { failure, type Failure } from '../contract/failures.js';
import { matchesOneCommand } from './pattern.js';
import type { AskedChecks } from './types.js';

/** The name of the `notify` command in a refusal. */
export const NOTIFY_COMMAND = 'The notify command';

/** Whether the proof comes from a process that can read this host's data directory. */
export type IsCheckProof = (asked: AskedChecks, proof: string) => Promise<boolean>;

/** Why a check may not run. `undefined` when all of them may. */
export async function refusedCheck(
  asked: AskedChecks,
  { checks, ignored = [] }: Config,
  host: string,
  isProof: IsCheckProof,
  what = 'Check',
): Promise<Failure | undefined> {
  const barred = asked.checks.find(({ run }) => !checks.allow.some((pattern) => matchesOneCommand(pattern, run)));
  if (!barred) return undefined;
  const local = asked.proof !== undefined && (await isProof(asked, asked.proof));
  if (local && checks.local === 'any') return undefined;
  const who = local
    ? 'its config has checks.local "listed"'
    : `the prompt does not come from the command line or the library on that host with its data directory`;
  const file = ignored.find(({ keys }) => keys?.some((key) => key === 'checks' || key.startsWith('checks.')))?.file;
  const untrusted = file === undefined ? '' : ` The checks in ${file} do not count: its user has not trusted it.`;
  return failure(
    'CHECK_NOT_ALLOWED',
    `${what} ${JSON.stringify(barred.run)} may not run on host ${host}: no pattern of checks.allow matches it, and ${who}.${untrusted}`,
  );
}
