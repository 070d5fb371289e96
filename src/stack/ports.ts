/** Ports for the development server, on this machine only. */
import getPort from 'get-port';
import { stackError } from './stack-error.js';

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

/** @throws StackError TEMPORAL_UNAVAILABLE that names the port and the flag */
export async function choosePorts(wanted: WantedPorts): Promise<Ports> {
  const port = await free(wanted.port ?? TEMPORAL_PORT, '--port');
  const above = wanted.port === 0 || port + UI_PORT_ABOVE > HIGHEST_PORT ? 0 : port + UI_PORT_ABOVE;
  return { port, uiPort: await free(wanted.uiPort ?? above, '--ui-port') };
}

async function free(port: number, flag: string): Promise<number> {
  const chosen = await getPort({ host: '127.0.0.1', ...(port !== 0 && { port }) });
  if (port === 0 || chosen === port) return chosen;
  const already = flag === '--port' ? ' If a Temporal server is already there, this uses it: continuity worker' : '';
  throw stackError('TEMPORAL_UNAVAILABLE', `Port ${port} of 127.0.0.1 is in use by another program.`, `Name another with ${flag} N, or stop that program.${already}`);
}
