import { defined } from '../../contract/defined.js';
import { command } from '../args/command.js';
import { addressOf, configOf } from '../connect.js';
import type { Output } from '../terminal/output.js';

export default command({
  name: 'worker',
  summary:
    'Runs a worker in this process, for a Temporal server that already runs (TEMPORAL_ADDRESS or temporal.toml).\n' +
    'SIGINT and SIGHUP end it and its agents. SIGTERM ends it, and agents at work continue for the next worker.\n' +
    'A second signal skips the wait for turns, a third ends the process at once. Prints its log.',
  flags: {
    standby: {
      kind: 'switch',
      help: 'Wait while another worker has the data directory, and take over when that worker ends.',
    },
    healthy: {
      kind: 'switch',
      help: "Start nothing. Exit with 0 when the data directory's worker runs and polls Temporal, else with 1.",
    },
    'log-json': { kind: 'switch', help: 'Log as JSON lines.' },
  },
  args: [],
  examples: [
    ['continuity worker', 'until Ctrl-C; the next start picks up the running turns'],
    ['continuity worker --standby', 'a second worker, which takes over when the first one ends'],
    ['continuity worker --healthy', 'a health check for a container: prints one line'],
    ['TEMPORAL_ADDRESS=temporal.example:7233 continuity worker --log-json', 'as a service'],
  ],
  async run({ flags, output }) {
    if (flags.healthy) return answerHealth(flags['data-dir'], output);
    const config = await configOf(flags);
    const [{ runWorkerHere }, { ensureDataDir }, address] = await Promise.all([
      import('../../stack/worker-script.js'),
      import('../../host/data-dir-lock.js'),
      addressOf(config),
    ]);
    await ensureDataDir(config.dataDir);
    Object.assign(process.env, {
      CONTINUITY_DATA_DIR: config.dataDir,
      ...defined({ TEMPORAL_ADDRESS: address }),
    });
    return runWorkerHere(
      (['standby', 'log-json', 'json'] as const).filter((name) => flags[name]).map((name) => `--${name}`),
    );
  },
});

/** Containers run it every few seconds, so it loads neither the config nor Temporal. */
async function answerHealth(named: string | undefined, output: Output): Promise<number> {
  const [{ dataDirOf }, { workerHealth }] = await Promise.all([
    import('../../host/data-dir.js'),
    import('../../host/worker-state.js'),
  ]);
  const health = await workerHealth(dataDirOf(named === undefined ? {} : { dataDir: named }));
  output.answer(health, `${health.healthy ? 'healthy' : 'not healthy'}: ${health.detail}`);
  return health.healthy ? 0 : 1;
}
