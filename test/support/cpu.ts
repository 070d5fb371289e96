/** The CPU that a process costs, which a busy machine changes far less than its time. */
import { execa } from 'execa';

/**
 * User and system, of node with these words and of all that it waited for, in milliseconds, as bash
 * counts it.
 */
export async function cpuMs(
  words: readonly string[],
  { cwd, env }: { cwd: string; env: Record<string, string> },
): Promise<number> {
  const timed = 'TIMEFORMAT="%U %S"; time "$@" >/dev/null 2>/dev/null </dev/null';
  const { stderr } = await execa('bash', ['-c', timed, 'bash', process.execPath, ...words], {
    cwd,
    env: { ...env, LC_ALL: 'C' },
    extendEnv: false,
  });
  return stderr
    .trim()
    .split(' ')
    .reduce((sum, seconds) => sum + Number(seconds) * 1000, 0);
}
