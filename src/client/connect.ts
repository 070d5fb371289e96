/**
 * Connects to Temporal with `TEMPORAL_*` and `temporal.toml`, read in the same way as by the
 * `temporal` command.
 */
import { Client, Connection } from '@temporalio/client';
import { dataConverter } from '../contract/client-options.js';
import { newRetries } from './retries.js';
import { sessionError } from './session-error.js';
import { loadClientConnectConfig } from './temporal-settings.js';

export interface ConnectOptions {
  /** Default: the address of the environment or of `temporal.toml`, otherwise `localhost:7233`. */
  address?: string;
  namespace?: string;
}

export interface TemporalConnection {
  client: Client;
  /** Closes the connection. Calls that still wait end with an error. */
  readonly close: () => Promise<void>;
}

const CONNECT_WITHIN = '5 seconds';

/** @throws SessionError TEMPORAL_UNAVAILABLE */
export async function connect(options: ConnectOptions = {}): Promise<TemporalConnection> {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const address = options.address ?? connectionOptions.address ?? 'localhost:7233';
  try {
    const retries = newRetries();
    const connection = await Connection.connect({
      ...connectionOptions,
      address,
      connectTimeout: CONNECT_WITHIN,
      interceptors: [retries.interceptor],
    });
    const client = new Client({ connection, dataConverter, namespace: options.namespace ?? namespace ?? 'default' });
    return { client, close: () => retries.end().then(() => connection.close()) };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw sessionError('TEMPORAL_UNAVAILABLE', `Temporal does not answer at ${address}: ${why}`, { cause });
  }
}
