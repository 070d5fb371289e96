/** The Temporal server of a stack: the one that an earlier `continuity up` left running is taken over, else one is started. */
import { setTimeout as sleep } from 'node:timers/promises';
import { answers } from './answers.js';
import { startDevServer, type DevServer } from './dev-server.js';
import { choosePorts, type WantedPorts } from './ports.js';
import { endProcess, isAlive } from '../host/process-identity.js';
import { addressesOf, type ServerRecord } from './stack-record.js';
import { findTemporal } from './temporal-binary.js';

export interface ServerSource {
  dataDir: string;
  env: NodeJS.ProcessEnv;
  report: (line: string) => void;
  /** Gives up a download that is under way. */
  signal: AbortSignal;
}

const LEFT_SERVER_ANSWERS_WITHIN_MS = 3000;
const SERVER_STOPS_WITHIN_MS = 10_000;

export async function bringUpServer(left: ServerRecord | undefined, wanted: WantedPorts, source: ServerSource): Promise<DevServer> {
  if (left && (await isAlive(left))) {
    if (suits(left, wanted) && (await answers(addressesOf(left).address, LEFT_SERVER_ANSWERS_WITHIN_MS)) === undefined) {
      source.report(`Taking over the Temporal server that an earlier continuity up left (process ${left.pid}).`);
      return { ...left, ended: endOf(left) };
    }
    source.report(`Ending the Temporal server that an earlier continuity up left (process ${left.pid}).`);
    await endServer(left);
  }
  return startServer(await choosePorts(wanted), source);
}

export async function startServer(ports: { port: number; uiPort: number }, { dataDir, ...search }: ServerSource): Promise<DevServer> {
  const { path } = await findTemporal(search);
  return startDevServer({ port: ports.port, uiPort: ports.uiPort, program: path, dataDir });
}

export function endServer(server: ServerRecord): Promise<void> {
  return endProcess(server, 'SIGTERM', SERVER_STOPS_WITHIN_MS);
}

function suits(left: ServerRecord, { port, uiPort }: WantedPorts): boolean {
  return (port === undefined || port === 0 || port === left.port) && (uiPort === undefined || uiPort === 0 || uiPort === left.uiPort);
}

/** Not a child of ours: its end can only be looked for. */
async function endOf(server: ServerRecord): Promise<string> {
  while (await isAlive(server)) await sleep(500, undefined, { ref: false });
  return 'by itself, or by another process';
}
