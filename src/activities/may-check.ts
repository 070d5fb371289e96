/** Whether this host runs a command for whoever sent the prompt. Asked before the prompt is put in, and again before each command. */
import type { Config } from '../config.js';
import { failure, type Failure } from '../contract/failures.js';
import type { AskedChecks } from './types.js';

/** Whether it comes from somebody who can read this host's data directory. */
export type IsCheckProof = (asked: AskedChecks, proof: string) => Promise<boolean>;

/** Nothing when all of them may run. */
export async function refusedCheck(asked: AskedChecks, { checks }: Config, host: string, isProof: IsCheckProof): Promise<Failure | undefined> {
  const barred = asked.checks.find(({ run }) => !checks.allow.some((pattern) => matches(pattern, run)));
  if (!barred) return undefined;
  const local = asked.proof !== undefined && (await isProof(asked, asked.proof));
  if (local && checks.local === 'any') return undefined;
  const who = local ? 'its config has checks.local "listed"' : `the prompt does not come from the command line or the library on that host with its data directory`;
  return failure('CHECK_NOT_ALLOWED', `Check ${JSON.stringify(barred.run)} may not run on host ${host}: no pattern of checks.allow matches it, and ${who}.`);
}

/** `*` stands for anything within one simple command: nothing that a shell would take as the beginning of another one, or as a file to write. */
export function matches(pattern: string, run: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^;&|<>$`\\\\\\n\\r(){}]*')}$`).test(run);
}
