/**
 * The worker as a program. `continuity worker` calls it in its own process; `continuity up` starts
 * it as a child.
 *
 * `--standby`: waits for the running worker to end. `--log-json`: logs JSON. `--json`: prints the
 * failure that ended it to stdout as JSON. `--ask`: answers a question about agents as JSON, and
 * ends.
 */
import { parseArgs } from 'node:util';
import { createAgents } from '../src/agents/kinds.js';
import { loadConfig } from '../src/config.js';
import { QUESTIONS } from '../src/contract/agent-answers.js';
import { FAILURES } from '../src/contract/failures.js';
import { printsToStderr } from '../src/host/prints-to-stderr.js';
import { askAgents } from './ask-agents.js';
import { failureOf } from './failure-of.js';
import { newLog } from './log.js';
import { runWorker } from './run-worker.js';

const off = { type: 'boolean', default: false } as const;

/** @returns the exit code. End the process then: waiting for a lock would keep it alive. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { standby: off, 'log-json': off, json: off, ask: { type: 'string' } },
  });
  const question = QUESTIONS.find((name) => name === values.ask);
  try {
    const log = newLog(values['log-json']);
    // A config can be a program that prints, and stdout is reserved for the answer.
    const config = await printsToStderr(() => loadConfig());
    if (!question)
      return await runWorker({
        config,
        createAgents: () => createAgents(config, { log }),
        log,
        standby: values.standby,
      });
    process.stdout.write(`${JSON.stringify(await askAgents(question, createAgents(config, { log }), config, log))}\n`);
    return 0;
  } catch (error) {
    const failed = failureOf(error);
    if (values.json) process.stdout.write(`${JSON.stringify({ error: failed })}\n`);
    else
      process.stderr.write(
        question ? `${JSON.stringify(failed)}\n` : `${failed.code}: ${failed.message}\n${failed.fix}\n`,
      );
    return FAILURES[failed.code].exit;
  }
}
