import { command } from '../args/command.js';
import { configOf } from '../connect.js';
import { defined } from '../../contract/defined.js';
import type { RunningStack } from '../../stack/development-stack.js';
import type { Output } from '../terminal/output.js';

export default command({
  name: 'up',
  summary:
    'Runs the development stack until Ctrl-C: Temporal on a database file, its Web UI and a worker.\nA second start continues with the same topics. Prints the addresses of Temporal and the Web UI.',
  flags: {
    port: { kind: 'port', value: 'N', help: 'Port of Temporal. Default: 7233.' },
    'ui-port': { kind: 'port', value: 'N', help: 'Port of the Web UI. Default: 1000 above --port.' },
    'ui-host': {
      kind: 'list',
      value: 'NAME',
      help: 'Another host name of the Web UI, such as that of a proxy. Requests to other names than localhost are refused.',
    },
  },
  args: [],
  examples: [
    ['continuity up', 'then, in another terminal: continuity delegate --topic auth "…"'],
    ['continuity up --port 7300', 'next to another Temporal'],
    ['continuity up --data-dir ./.continuity', 'with its own database'],
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
      output.note('The worker cannot start, for the reason above. Everything was stopped.', 'red');
      return running.workerFailed;
    }
    const { savedViewLinks } = await import('../../stack/saved-views.js');
    const views = savedViewLinks(running.uiUrl, 'default');
    output.answer(
      {
        address: running.address,
        ui: running.uiUrl,
        views,
        data_dir: config.dataDir,
        ...defined({ agent: running.agent }),
      },
      blockOf(running, config.dataDir, flags['data-dir']),
    );
    await stopped;
    return 0;
  },
});

interface Stoppable {
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/** The first signal stops everything in order, the second kills it. */
function whenToldToStop(stack: Stoppable, output: Output): { told: AbortSignal; stopped: Promise<void> } {
  const told = new AbortController();
  const stopped = new Promise<void>((resolve, reject) => {
    const stop = () => {
      if (told.signal.aborted) return void stack.kill().finally(() => process.exit(130));
      told.abort();
      output.note('\nStopping the worker and its agents, then the server. Running turns continue at the next start.');
      stack.stop().then(resolve, reject);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  });
  return { told: told.signal, stopped };
}

const NO_AGENT = 'none is installed. What to install: continuity doctor. The worker finds it then.';

const agentIn = ({ name, because }: NonNullable<RunningStack['agent']>) =>
  `${name}, ${because === 'config' ? 'as config says' : 'as it is installed here (config: defaultAgent)'}`;

function blockOf({ address, uiUrl, agent }: RunningStack, dataDir: string, said: string | undefined): string {
  const where = said === undefined ? '' : ` --data-dir ${said}`;
  return [
    `Temporal   ${address}`,
    `Web UI     ${uiUrl}`,
    `Data       ${dataDir}`,
    ...(agent === undefined ? [] : [`Agent      ${agent ? agentIn(agent) : NO_AGENT}`]),
    `Delegate   continuity delegate${where} --topic auth "Add a login endpoint"`,
    'Stop       Ctrl-C',
  ].join('\n');
}
