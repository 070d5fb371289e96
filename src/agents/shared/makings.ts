/**
 * What a running server was made of: its program and its environment. Its record has a digest of
 * both, so that the next worker sees whether a new server would differ. The values are kept nowhere.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import * as z from 'zod';
import type { Environment } from '../../host/environment.js';

/** `salt`: the digests of two servers tell nothing of each other. */
export const Makings = z.object({ salt: z.string(), digest: z.string() });
export type Makings = z.infer<typeof Makings>;

/** Where and by whom a worker was started. Nothing that an agent does depends on these. */
const OF_THE_START =
  /^(_|SHLVL|PWD|OLDPWD|COLUMNS|LINES|WINDOWID|TERM_SESSION_ID|XDG_SESSION_ID|SSH_(CLIENT|CONNECTION|TTY)|INVOCATION_ID|JOURNAL_STREAM|SYSTEMD_EXEC_PID)$/;

/** An updated program is another file, or has another size or time. */
export async function makingsOf(
  program: string,
  env: Environment,
  salt = randomBytes(16).toString('hex'),
): Promise<Makings> {
  const path = await realpath(program);
  const { size, mtimeMs } = await stat(path);
  const inherited = Object.entries(env)
    .filter(([name]) => !OF_THE_START.test(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const digest = createHmac('sha256', salt)
    .update(JSON.stringify([path, size, mtimeMs, inherited]))
    .digest('hex');
  return { salt, digest };
}

/**
 * Whether a new server would be made of something else. A program that is not there, or that is
 * being updated, is no other one: where no new server can be started, the one that runs is kept.
 */
export async function isOutdated(
  made: Makings | undefined,
  program: () => Promise<string>,
  env: Environment,
): Promise<boolean> {
  if (!made) return false;
  try {
    const { digest } = await makingsOf(await program(), env, made.salt);
    return digest !== made.digest;
  } catch {
    return false; // AGENT_NOT_FOUND, or ENOENT.
  }
}
