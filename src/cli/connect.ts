/**
 * Connects a manager from the flags. The modules that it needs are loaded here, so that `--help`
 * does not load them.
 */
import type { ManagerOptions } from '../client/manager-options.js';
import type { SessionManager } from '../client/session-manager.js';
import type { Config } from '../config.js';
import { defined } from '../contract/defined.js';
import { failure } from '../contract/failures.js';
import { printsToStderr } from '../host/prints-to-stderr.js';
import { reportIgnored } from './terminal/report-ignored.js';

export interface ConnectFlags {
  'data-dir'?: string;
  json?: boolean;
  'log-json'?: boolean;
}

export interface ConnectedManager {
  manager: SessionManager;
  config: Config;
}

/**
 * Connects to the address in `TEMPORAL_*` or `temporal.toml`, else to the `continuity up` that runs
 * on the data directory, else to localhost:7233. Disconnects when the work has ended in any way.
 */
export async function connected<T>(
  standing: ConnectFlags,
  work: (connected: ConnectedManager) => Promise<T>,
): Promise<T> {
  const { manager, config } = await connect(standing);
  try {
    return await work({ manager, config });
  } finally {
    await manager.disconnect();
  }
}

/** For a caller that disconnects itself. */
export async function connect(
  standing: ConnectFlags,
  options: Pick<ManagerOptions, 'signsChecks'> = {},
): Promise<ConnectedManager> {
  const config = await configOf(standing);
  const [{ SessionManager }, address] = await Promise.all([import('../client/session-manager.js'), addressOf(config)]);
  return {
    manager: await SessionManager.connect({ ...options, config, ...defined({ address }) }),
    config,
  };
}

/** Loads the config, and reports on stderr which parts of it do not apply. */
export async function configOf({ 'data-dir': dataDir, json, 'log-json': logJson }: ConnectFlags): Promise<Config> {
  const { loadConfig } = await import('../config.js');
  // A config that is a program may print. stdout is for the answer.
  const config = await printsToStderr(() => loadConfig(defined({ dataDir })));
  reportIgnored(config, json === true || logJson === true);
  return config;
}

/**
 * The address of the development server. Undefined when the environment names an address, or when
 * no development server runs.
 */
export async function addressOf({ dataDir }: Config): Promise<string | undefined> {
  const [{ loadClientConnectConfig }, { runningServer }, { ConfigInvalid }, { ensurePrivate }] = await Promise.all([
    import('../client/temporal-settings.js'),
    import('../stack/stack-record.js'),
    import('../config.js'),
    import('../host/private-data-dir.js'),
  ]);
  try {
    if (loadClientConnectConfig().connectionOptions.address !== undefined) return undefined;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigInvalid(
      failure(
        'CONFIG_INVALID',
        `The settings in TEMPORAL_* or temporal.toml cannot be read: ${why}.`,
        'Correct the setting that the message names.',
      ),
      { cause },
    );
  }
  // A user who can write the server's record decides which server gets the prompts.
  await ensurePrivate(dataDir);
  return (await runningServer(dataDir))?.address;
}
