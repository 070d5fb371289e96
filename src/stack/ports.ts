/** Chooses ports for the development server, on this machine's loopback interface only. */
import { failed, type Failed } from '../contract/failures.js';
import { randomInt } from 'node:crypto';
import getPort from 'get-port';

const TEMPORAL_PORT = 7233;
/** The `temporal` command uses the same distance. */
const UI_PORT_ABOVE = 1000;
const HIGHEST_PORT = 65_535;

export interface Ports {
  port: number;
  uiPort: number;
}

/** 0 means any free port. */
export interface WantedPorts {
  port?: number | undefined;
  uiPort?: number | undefined;
}

export interface Endpoint {
  host: string;
  port: number;
}

/** @throws Failed TEMPORAL_UNAVAILABLE, which names the port and the flag */
export async function choosePorts(wanted: WantedPorts): Promise<Ports> {
  const port = await free(wanted.port ?? TEMPORAL_PORT, '--port');
  const above = wanted.port === 0 || port + UI_PORT_ABOVE > HIGHEST_PORT ? 0 : port + UI_PORT_ABOVE;
  return { port, uiPort: await free(wanted.uiPort ?? above, '--ui-port') };
}

/**
 * An address for the real Web UI, which accepts any `Host`. A random address of 127.0.0.0/8 is one
 * of 16 million, so a web page cannot find it by making its own name resolve to loopback addresses.
 * Linux serves all of 127.0.0.0/8. macOS serves only 127.0.0.1, so there only the port is hidden.
 */
export async function hiddenEndpoint(): Promise<Endpoint> {
  const host = `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
  try {
    return { host, port: await getPort({ host }) };
  } catch {
    return { host: '127.0.0.1', port: await getPort({ host: '127.0.0.1' }) }; // EADDRNOTAVAIL: this system has 127.0.0.1 only.
  }
}

export function portInUse(port: number, flag: '--port' | '--ui-port'): Failed {
  const already = flag === '--port' ? ' If that program is a Temporal server, use it: continuity worker' : '';
  return failed(
    'TEMPORAL_UNAVAILABLE',
    `Port ${port} of 127.0.0.1 is in use by another program.`,
    `Name another with ${flag} N, or stop that program.${already}`,
  );
}

async function free(port: number, flag: '--port' | '--ui-port'): Promise<number> {
  const chosen = await getPort({ host: '127.0.0.1', ...(port !== 0 && { port }) });
  if (port === 0 || chosen === port) return chosen;
  throw portInUse(port, flag);
}
