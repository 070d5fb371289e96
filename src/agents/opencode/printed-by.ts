/** Runs OpenCode's own program for what it prints. No server is started (1.18.33). */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { temporaryDirectory } from '../temporary-directory.js';
import type { Env } from './store.js';

/** OpenCode migrates its database at the first start of a version. */
const WITHIN_MS = 60_000;

/** `problem`: the last line on its standard error. */
export async function printedBy(
  program: string,
  args: string[],
  env: Env,
): Promise<{ text: string } | { problem: string }> {
  await using folder = await temporaryDirectory();
  const file = join(folder.path, 'printed');
  // The output goes to a file, because output to a pipe can be cut when the program ends.
  const ran = await execa(program, args, {
    cwd: folder.path,
    env,
    extendEnv: false,
    stdin: 'ignore',
    stdout: { file },
    reject: false,
    timeout: WITHIN_MS,
  });
  if (ran.failed) return { problem: ran.stderr.trim().split('\n').at(-1) || ran.shortMessage || 'it failed' };
  return { text: await readFile(file, 'utf8') };
}
