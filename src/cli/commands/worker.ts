import { command } from '../command.js';
import { addressOf, configOf } from '../connect.js';
import type { Output } from '../output.js';

export default command({
  name: 'worker',
  summary:
    'Runs a worker in this process, for a Temporal server that runs already (TEMPORAL_ADDRESS or temporal.toml).\n' +
    'SIGINT and SIGHUP end it and its agents. SIGTERM ends it, and an agent at work goes on for the next worker.\n' +
    'A second signal of any kind skips the wait for turns, a third ends the process at once.',
  flags: {
    standby: { kind: 'switch', help: 'Wait for the worker that has the data directory, and take over when it ends.' },
    healthy: { kind: 'switch', help: 'Start nothing. Exit with 0 when the worker of the data directory runs and Temporal hands it work, else with 1.' },
    'log-json': { kind: 'switch', help: 'Log as JSON lines.' },
  },
  args: [],
  examples: [
    ['continuity worker', 'until Ctrl-C; what runs is picked up at the next start'],
    ['continuity worker --standby', 'a second one on this machine: takes over at once when the first one ends'],
    ['continuity worker --healthy', 'one line, and exit code 0 or 1: a health check of a container'],
    ['TEMPORAL_ADDRESS=temporal.example:7233 continuity worker --log-json', 'as a service'],
  ],
  async run({ flags, output }) {
    if (flags.healthy) return answerHealth(flags['data-dir'], output);
    const config = await configOf(flags);
    const [{ runWorkerHere }, { ensureDataDir }, address] = await Promise.all([
      import('../../stack/worker-script.js'),
      import('../../stack/data-dir.js'),
      addressOf(config),
    ]);
    await ensureDataDir(config.dataDir);
    Object.assign(process.env, { CONTINUITY_DATA_DIR: config.dataDir, ...(address !== undefined && { TEMPORAL_ADDRESS: address }) });
    return runWorkerHere((['standby', 'log-json', 'json'] as const).filter((name) => flags[name]).map((name) => `--${name}`));
  },
});

/** It runs every few seconds in each container, so it loads neither the config nor Temporal. */
async function answerHealth(named: string | undefined, output: Output): Promise<number> {
  const [{ dataDirOf }, { workerHealth }] = await Promise.all([import('../../config/data-dir.js'), import('../../host/worker-state.js')]);
  const health = await workerHealth(dataDirOf(named === undefined ? {} : { dataDir: named }));
  output.answer(health, `${health.healthy ? 'healthy' : 'not healthy'}: ${health.detail}`);
  return health.healthy ? 0 : 1;
}
