/**
 * The Temporal server of a stack. Takes over the server that an earlier `continuity up` left
 * running, or starts one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fitness, filesOf, startDevServer, type DevServer, type Starter } from './dev-server.js';
import { ensureNoServerOn, leftBehind } from './left-behind.js';
import { choosePorts, type Ports, type WantedPorts } from './ports.js';
import { endProcess, isAlive, type ProcessIdentity } from '../host/process-identity.js';
import type { DevServerRecord } from './stack-record.js';
import { findTemporal } from './temporal-binary.js';

export interface ServerSource extends Starter {
  dataDir: string;
  env: NodeJS.ProcessEnv;
  report: (line: string) => void;
  /** Cancels a download or a start. */
  signal: AbortSignal;
  record: (server: DevServerRecord) => Promise<void>;
}

const LEFT_SERVER_ANSWERS_WITHIN_MS = 3000;
const SERVER_STOPS_WITHIN_MS = 10_000;

/** @throws Failed TEMPORAL_UNAVAILABLE, SETUP_INCOMPLETE, DATA_DIR_LOCKED */
export async function bringUpServer(
  left: DevServerRecord | undefined,
  wanted: WantedPorts,
  source: ServerSource,
): Promise<DevServer> {
  const { dataDir, report, signal } = source;
  const found = await leftBehind('server', dataDir);
  if (left && (await isAlive(left))) {
    // A record without `ui` is from an earlier version, whose Web UI any web page could reach.
    if (
      left.ui &&
      suits(left, wanted) &&
      (await fitness(left, dataDir, LEFT_SERVER_ANSWERS_WITHIN_MS, signal)) === undefined
    ) {
      report(`Taking over the Temporal server that an earlier continuity up left (process ${left.pid}).`);
      await source.record(left);
      return { ...left, ended: endOf(left) };
    }
    found.push(left);
  }
  for (const server of found) {
    if (!(await isAlive(server))) continue;
    report(`Ending the Temporal server that an earlier continuity up left (process ${server.pid}).`);
    await endServer(server);
  }
  return startServer(await choosePorts(wanted), source);
}

export async function startServer(
  { port, uiPort }: Ports,
  { dataDir, env, report, signal, spawned, record }: ServerSource,
): Promise<DevServer> {
  const { path } = await findTemporal({ env, report, signal });
  await ensureNoServerOn(filesOf(dataDir).database);
  return startDevServer({ port, uiPort, program: path, dataDir, signal, record, ...(spawned && { spawned }) });
}

export function endServer(server: ProcessIdentity): Promise<void> {
  return endProcess(server, 'SIGTERM', SERVER_STOPS_WITHIN_MS);
}

function suits(left: DevServerRecord, { port, uiPort }: WantedPorts): boolean {
  return (
    (port === undefined || port === 0 || port === left.port) &&
    (uiPort === undefined || uiPort === 0 || uiPort === left.uiPort)
  );
}

/** The server is not our child, so we poll for its end. */
async function endOf(server: DevServerRecord): Promise<string> {
  while (await isAlive(server)) await sleep(500, undefined, { ref: false });
  return 'by itself, or by another process';
}
