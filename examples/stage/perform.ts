/** An example from its first process to its last: on a stage of its own, with what it claims printed at the end, and nothing left behind. */
import { existsSync } from 'node:fs';
import { processesOf } from '../../test/support/processes.js';
import { printClaims, type Claim } from './claims.js';
import { say } from './say.js';
import { Stage } from './stage.js';

export interface Play {
  (stage: Stage, signal: AbortSignal): Promise<Claim[]>;
}

/** The exit code says whether everything holds; Ctrl-C at any time clears up and ends with 130. */
export async function perform(play: Play, { keep = false, timeoutMs = 240_000 } = {}): Promise<void> {
  const interrupted = onInterrupt();
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(timeoutMs)]);
  const stage = new Stage();
  let passed = false;
  try {
    await stage.setUp(signal);
    passed = printClaims(await play(stage, signal));
    if (keep) await stage.keepUntil(interrupted);
  } catch (error) {
    if (!interrupted.aborted) say(`It failed: ${error instanceof Error ? error.message : String(error)}\n${stage.lastWords()}`);
  } finally {
    await stage.clear();
  }
  passed = printClaims(leftovers(stage.dir)) && passed;
  process.exitCode = interrupted.aborted && !keep ? 130 : passed ? 0 : 1;
}

/** Aborted by Ctrl-C. What comes after it is ignored: npm sends every signal a second time, and the clean-up has begun. */
function onInterrupt(): AbortSignal {
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interrupted.abort(new Error(`${name} was received.`)));
  return interrupted.signal;
}

/** Other systems than Linux don't tell whose child a process was. */
function leftovers(dir: string): Claim[] {
  if (dir === '') return []; // It came to nothing before there was anything.
  const files: Claim = { claim: 'no file is left', holds: !existsSync(dir) };
  return process.platform === 'linux' ? [{ claim: 'no process is left', holds: processesOf(dir).length === 0 }, files] : [files];
}
