import { command } from '../command.js';
import { addressOf, configOf } from '../connect.js';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export default command({
  name: 'worker',
  summary: 'Starts a worker in the foreground, for a Temporal server that runs already (TEMPORAL_ADDRESS or temporal.toml).',
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
    const [{ spawn }, { workerScript }, { ensureDataDir }, address] = await Promise.all([
      import('node:child_process'),
      import('../../stack/worker-script.js'),
      import('../../stack/data-dir.js'),
      addressOf(config),
    ]);
    await ensureDataDir(config.dataDir);
    const env = { ...process.env, CONTINUITY_DATA_DIR: config.dataDir, ...(address !== undefined && { TEMPORAL_ADDRESS: address }) };
    const handedOn = (['standby', 'log-json', 'json'] as const).filter((name) => flags[name]).map((name) => `--${name}`);
    const child = spawn(process.execPath, [workerScript(), ...handedOn], { env, stdio: 'inherit' });
    // Ctrl-C in a terminal reaches the child by itself, and a second one would end it at once.
    const inTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
    for (const signal of FORWARDED) process.on(signal, () => (signal === 'SIGINT' && inTerminal ? undefined : child.kill(signal)));
    return new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
    });
  },
});
