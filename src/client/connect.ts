/** Where Temporal is: `TEMPORAL_*` and `temporal.toml`, read as the `temporal` command reads them. */
import { Client, Connection } from '@temporalio/client';
import { newRetries } from './retries.js';
import { sessionError } from './session-error.js';
import { loadClientConnectConfig } from './temporal-settings.js';

export interface ConnectOptions {
  /** Default: what the environment or `temporal.toml` says, else `localhost:7233`. */
  address?: string;
  namespace?: string;
}

export interface Connected {
  client: Client;
  /** Also while calls are held: they end, wherever they are. */
  readonly close: () => Promise<void>;
}

const CONNECT_WITHIN = '5 seconds';

/** @throws SessionError TEMPORAL_UNAVAILABLE */
export async function connect(options: ConnectOptions = {}): Promise<Connected> {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const address = options.address ?? connectionOptions.address ?? 'localhost:7233';
  try {
    const retries = newRetries();
    const connection = await Connection.connect({ ...connectionOptions, address, connectTimeout: CONNECT_WITHIN, interceptors: [retries.interceptor] });
    const client = new Client({ connection, namespace: options.namespace ?? namespace ?? 'default' });
    return { client, close: () => retries.end().then(() => connection.close()) };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw sessionError('TEMPORAL_UNAVAILABLE', `Temporal does not answer at ${address}: ${why}`, { cause });
  }
}
