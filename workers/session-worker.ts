/**
 * The worker's program. Nothing imports it. `--standby`: waits for the worker that runs; `--log-json`: structured log; `--json`: why it ended goes to stdout
 * as JSON; `--ask`: answers a question about agents as JSON, and ends.
 */
import { parseArgs } from 'node:util';
import { createAgents } from '../src/agents/registry.js';
import { loadConfig } from '../src/config.js';
import { FAILURES } from '../src/contract/failures.js';
import { askAgents, QUESTIONS } from './ask-agents.js';
import { failureOf } from './failure-of.js';
import { newLog } from './log.js';
import { runWorker } from './run-worker.js';

// Nobody reads the log any more, such as in a terminal that was closed: no reason to leave turns and agents behind.
process.stderr.on('error', () => undefined);

const off = { type: 'boolean', default: false } as const;
const { values } = parseArgs({ options: { standby: off, 'log-json': off, json: off, ask: { type: 'string' } } });
const question = QUESTIONS.find((name) => name === values.ask);
try {
  const log = newLog(values['log-json']);
  const config = await loadConfig();
  if (question) process.stdout.write(`${JSON.stringify(await askAgents(question, createAgents(config, { log }), config))}\n`);
  else await runWorker({ config, createAgents: () => createAgents(config, { log }), log, standby: values.standby });
} catch (error) {
  const failed = failureOf(error);
  if (values.json) process.stdout.write(`${JSON.stringify({ error: failed })}\n`);
  else process.stderr.write(question ? `${JSON.stringify(failed)}\n` : `${failed.code}: ${failed.message}\n${failed.fix}\n`);
  process.exitCode = FAILURES[failed.code].exit;
}
// A lock that is still waited for would keep it from ending by itself.
process.stdout.write('', () => process.stderr.write('', () => process.exit()));
