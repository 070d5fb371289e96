/** The worker's program. Nothing imports it. `--standby`: waits for the worker that runs; `--log-json`: structured log; `--describe`: what the agents are, as JSON, and end. */
import { parseArgs } from 'node:util';
import { createAgents } from '../src/agents/registry.js';
import { loadConfig } from '../src/config.js';
import { FAILURES } from '../src/contract/failures.js';
import { failureOf } from './failure-of.js';
import { newLog } from './log.js';
import { runWorker } from './run-worker.js';

// Nobody reads the log any more, such as in a terminal that was closed: no reason to leave turns and agents behind.
process.stderr.on('error', () => undefined);

try {
  const { values } = parseArgs({ options: { standby: { type: 'boolean', default: false }, 'log-json': { type: 'boolean', default: false }, describe: { type: 'boolean' } } });
  const log = newLog(values['log-json']);
  const config = await loadConfig();
  if (values.describe) {
    const agents = [...createAgents(config, { log }).values()];
    const described = await Promise.all(agents.map(async (agent) => [agent.name, { ...(await agent.describe()), capabilities: agent.capabilities }]));
    process.stdout.write(`${JSON.stringify(Object.fromEntries(described), null, 2)}\n`);
  } else {
    await runWorker({ config, createAgents: () => createAgents(config, { log }), log, standby: values.standby });
  }
} catch (error) {
  const { code, message, fix } = failureOf(error);
  process.stderr.write(`${code}: ${message}\n${fix}\n`);
  process.exitCode = FAILURES[code].exit;
}
// A lock that is still waited for would keep it from ending by itself.
process.stdout.write('', () => process.stderr.write('', () => process.exit()));
