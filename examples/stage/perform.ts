/**
 * Runs an example on its own stage. Prints its claims at the end, and leaves no process and no
 * file.
 */
import { existsSync } from 'node:fs';
import { deadline } from '../../src/host/deadline.js';
import { allProcesses, environmentOf } from '../../src/host/proc.js';
import { printClaims, type Claim } from './claims.js';
import { say } from './say.js';
import { agentOfArguments, type AgentName } from './agents.js';
import { Stage } from './stage.js';

export interface Play {
  (stage: Stage, signal: AbortSignal): Promise<Claim[]>;
}

export interface Performance {
  keep?: boolean;
  timeoutMs?: number;
  /** The program that is the model provider. */
  model?: string;
  /** Default: the agent of `--agent` on the command line of the example. */
  agent?: AgentName;
}

/** The exit code says whether all claims hold. Ctrl-C cleans up at any time and ends with 130. */
export async function perform(
  play: Play,
  { keep = false, timeoutMs = 240_000, model, agent = agentOfArguments() }: Performance = {},
): Promise<void> {
  const interrupted = onInterrupt();
  const signal = deadline(timeoutMs, interrupted);
  const stage = new Stage(agent, model);
  let passed = false;
  try {
    await stage.setUp(signal);
    passed = printClaims(await play(stage, signal));
    if (keep) await stage.keepUntil(interrupted);
  } catch (error) {
    if (!interrupted.aborted)
      say(`It failed: ${error instanceof Error ? error.message : String(error)}\n${stage.lastWords()}`);
  } finally {
    await stage.clear();
  }
  passed = printClaims(leftovers(stage.dir)) && passed;
  process.exitCode = interrupted.aborted && !keep ? 130 : passed ? 0 : 1;
}

/**
 * Aborted by Ctrl-C. A second signal is ignored, because npm sends every signal twice and the
 * clean-up has started.
 */
function onInterrupt(): AbortSignal {
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => interrupted.abort(new Error(`${name} was received.`)));
  return interrupted.signal;
}

/** Linux only: other systems do not say whose child a process was. */
function leftovers(dir: string): Claim[] {
  if (dir === '') return []; // The example failed before it created a directory.
  const files: Claim = { claim: 'no file is left', holds: !existsSync(dir) };
  return process.platform === 'linux' ? [{ claim: 'no process is left', holds: !runsIn(dir) }, files] : [files];
}

/** Whether another process started with an environment that mentions the directory. */
function runsIn(dir: string): boolean {
  return allProcesses().some(
    ({ pid }) => pid !== process.pid && Object.values(environmentOf(pid) ?? {}).some((value) => value.includes(dir)),
  );
}
