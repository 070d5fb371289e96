import { command } from '../command.js';
import { configOf } from '../connect.js';
import type { Output } from '../output.js';

export default command({
  name: 'up',
  summary: 'Starts the development stack until Ctrl-C: Temporal on a file database, its Web UI, and a worker. Starts again where it was.',
  flags: {
    port: { kind: 'port', value: 'N', help: 'Port of Temporal. Default: 7233.' },
    'ui-port': { kind: 'port', value: 'N', help: 'Port of the Web UI. Default: 1000 above the other.' },
    'ui-host': { kind: 'list', value: 'NAME', help: 'Another host name under which the Web UI is reached, such as that of a proxy. Others than those of this machine are refused.' },
  },
  args: [],
  examples: [
    ['continuity up', 'then, in another terminal: continuity delegate --topic auth "…"'],
    ['continuity up --port 7300', 'beside another Temporal'],
    ['continuity up --data-dir ./.continuity', 'with a database of its own'],
  ],
  async run({ flags, output }) {
    const config = await configOf(flags);
    const { DevelopmentStack } = await import('../../stack/development-stack.js');
    const report = (line: string) => output.note(line);
    const stack = new DevelopmentStack({
      dataDir: config.dataDir,
      cwd: process.cwd(),
      port: flags.port,
      uiPort: flags['ui-port'],
      uiNames: flags['ui-host'] ?? [],
      report,
      workerLog: (text) => output.beside.write(text),
    });
    const { told, stopped } = whenToldToStop(stack, output);
    const running = await stack.start().catch((error: unknown) => {
      if (told.aborted) return undefined;
      throw error;
    });
    if (running === undefined || told.aborted) {
      await stopped;
      return 0;
    }
    if (running.workerFailed !== undefined) {
      await stack.stop();
      output.note('The worker can’t start; it says why above. Everything was stopped again.', 'red');
      return running.workerFailed;
    }
    const { savedViewLinks } = await import('../../stack/saved-views.js');
    const views = savedViewLinks(running.uiUrl, 'default');
    output.answer({ address: running.address, ui: running.uiUrl, views, data_dir: config.dataDir }, blockOf(running, config.dataDir, flags['data-dir']));
    await stopped;
    return 0;
  },
});

interface Stoppable {
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/** The first signal stops in order, the second at once. */
function whenToldToStop(stack: Stoppable, output: Output): { told: AbortSignal; stopped: Promise<void> } {
  const told = new AbortController();
  const stopped = new Promise<void>((resolve, reject) => {
    const stop = () => {
      if (told.signal.aborted) return void stack.kill().finally(() => process.exit(130));
      told.abort();
      output.note('\nStopping the worker and its agents, then the server. What runs goes on at the next start.');
      stack.stop().then(resolve, reject);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  });
  return { told: told.signal, stopped };
}

function blockOf({ address, uiUrl }: { address: string; uiUrl: string }, dataDir: string, said: string | undefined): string {
  const where = said === undefined ? '' : ` --data-dir ${said}`;
  return [
    `Temporal   ${address}`,
    `Web UI     ${uiUrl}`,
    `Data       ${dataDir}`,
    `Delegate   continuity delegate${where} --topic auth "Add a login endpoint"`,
    'Stop       Ctrl-C',
  ].join('\n');
}
