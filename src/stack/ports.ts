/** Ports for the development server, on this machine only. */
import { randomInt } from 'node:crypto';
import getPort from 'get-port';
import { stackError, type StackError } from './stack-error.js';

const TEMPORAL_PORT = 7233;
/** As the `temporal` command has it. */
const UI_PORT_ABOVE = 1000;
const HIGHEST_PORT = 65_535;

export interface Ports {
  port: number;
  uiPort: number;
}

/** 0 means any that is free. */
export interface WantedPorts {
  port?: number | undefined;
  uiPort?: number | undefined;
}

export interface Place {
  host: string;
  port: number;
}

/** @throws StackError TEMPORAL_UNAVAILABLE that names the port and the flag */
export async function choosePorts(wanted: WantedPorts): Promise<Ports> {
  const port = await free(wanted.port ?? TEMPORAL_PORT, '--port');
  const above = wanted.port === 0 || port + UI_PORT_ABOVE > HIGHEST_PORT ? 0 : port + UI_PORT_ABOVE;
  return { port, uiPort: await free(wanted.uiPort ?? above, '--ui-port') };
}

/**
 * A place for the real Web UI, which takes any `Host`. A random address of 127.0.0.0/8 is one of 16 million, so a page that has its own name
 * resolve to loopback addresses cannot find it. Linux has all of 127.0.0.0/8. macOS has 127.0.0.1 alone: there only the port is hidden.
 */
export async function hiddenPlace(): Promise<Place> {
  const host = `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
  try {
    return { host, port: await getPort({ host }) };
  } catch {
    return { host: '127.0.0.1', port: await getPort({ host: '127.0.0.1' }) }; // EADDRNOTAVAIL: not on this system.
  }
}

export function portInUse(port: number, flag: '--port' | '--ui-port'): StackError {
  const already = flag === '--port' ? ' If a Temporal server is already there, this uses it: continuity worker' : '';
  return stackError('TEMPORAL_UNAVAILABLE', `Port ${port} of 127.0.0.1 is in use by another program.`, `Name another with ${flag} N, or stop that program.${already}`);
}

async function free(port: number, flag: '--port' | '--ui-port'): Promise<number> {
  const chosen = await getPort({ host: '127.0.0.1', ...(port !== 0 && { port }) });
  if (port === 0 || chosen === port) return chosen;
  throw portInUse(port, flag);
}
