import { command } from '../command.js';
import { addressOf, configOf } from '../connect.js';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export default command({
  name: 'worker',
  summary: 'Starts a worker in the foreground, for a Temporal server that runs already (TEMPORAL_ADDRESS or temporal.toml).',
  flags: { 'log-json': { kind: 'switch', help: 'Log as JSON lines.' } },
  args: [],
  examples: [
    ['continuity worker', 'until Ctrl-C; what runs is picked up at the next start'],
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
    const child = spawn(process.execPath, [workerScript(), ...(flags['log-json'] ? ['--log-json'] : [])], { env, stdio: 'inherit' });
    // Ctrl-C in a terminal reaches the child by itself, and a second one would end it at once.
    const inTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
    for (const signal of FORWARDED) process.on(signal, () => (signal === 'SIGINT' && inTerminal ? undefined : child.kill(signal)));
    return new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
    });
  },
});
