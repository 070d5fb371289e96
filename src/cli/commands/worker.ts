import { command } from '../command.js';
import { addressOf, configOf } from '../connect.js';

export default command({
  name: 'worker',
  summary:
    'Runs a worker in this process, for a Temporal server that runs already (TEMPORAL_ADDRESS or temporal.toml).\n' +
    'SIGINT and SIGHUP end it and its agents. SIGTERM ends it, and an agent at work goes on for the next worker.\n' +
    'A second signal of any kind skips the wait for turns, a third ends the process at once.',
  flags: {
    standby: { kind: 'switch', help: 'Wait for the worker that has the data directory, and take over when it ends.' },
    'log-json': { kind: 'switch', help: 'Log as JSON lines.' },
  },
  args: [],
  examples: [
    ['continuity worker', 'until Ctrl-C; what runs is picked up at the next start'],
    ['continuity worker --standby', 'a second one on this machine: takes over at once when the first one ends'],
    ['TEMPORAL_ADDRESS=temporal.example:7233 continuity worker --log-json', 'as a service'],
  ],
  async run({ flags }) {
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
