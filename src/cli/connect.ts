/** From flags to a connected manager. What it needs is loaded here, so that `--help` need not. */
import type { ManagerOptions, SessionManager } from '../client/session-manager.js';
import type { Config } from '../config.js';
import { failure } from '../contract/failures.js';
import { printsToStderr } from '../host/prints-to-stderr.js';
import { reportIgnored } from './report-ignored.js';

export interface Standing {
  'data-dir'?: string;
  json?: boolean;
  'log-json'?: boolean;
}

export interface Connected {
  manager: SessionManager;
  config: Config;
}

/**
 * Temporal is where `TEMPORAL_*` or `temporal.toml` says, else where `continuity up` runs on the data directory, else
 * on this machine's port 7233. The connection is let go when the work has ended, however it ended.
 */
export async function connected<T>(standing: Standing, work: (connected: Connected) => Promise<T>): Promise<T> {
  const { manager, config } = await connect(standing);
  try {
    return await work({ manager, config });
  } finally {
    await manager.disconnect();
  }
}

/** For who lets go of the connection by itself. */
export async function connect(standing: Standing, options: Pick<ManagerOptions, 'signsChecks'> = {}): Promise<Connected> {
  const config = await configOf(standing);
  const [{ SessionManager }, address] = await Promise.all([import('../client/session-manager.js'), addressOf(config)]);
  return { manager: await SessionManager.connect({ ...options, config, ...(address !== undefined && { address }) }), config };
}

/** Also says on stderr what of it does not apply. */
export async function configOf({ 'data-dir': dataDir, json, 'log-json': logJson }: Standing): Promise<Config> {
  const { loadConfig } = await import('../config.js');
  // A config that is a program may print, and stdout is for the answer.
  const config = await printsToStderr(() => loadConfig({ ...(dataDir !== undefined && { dataDir }) }));
  reportIgnored(config, json === true || logJson === true);
  return config;
}

/** Nothing where the environment says it, or where nobody says anything. */
export async function addressOf({ dataDir }: Config): Promise<string | undefined> {
  const [{ loadClientConnectConfig }, { runningServer }, { ConfigInvalid, ensurePrivate }] = await Promise.all([
    import('../client/temporal-settings.js'),
    import('../stack/stack-record.js'),
    import('../config.js'),
  ]);
  try {
    if (loadClientConnectConfig().connectionOptions.address !== undefined) return undefined;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigInvalid(failure('CONFIG_INVALID', `What TEMPORAL_* or temporal.toml say can't be read: ${why}.`, 'Correct the setting that the message names.'), { cause });
  }
  // Who can write the record of the server chooses which server gets the prompts.
  await ensurePrivate(dataDir);
  return (await runningServer(dataDir))?.address;
}
