/** Temporal's development server on a file database under the data directory: starts where it was, or is taken over as it runs. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SEARCH_ATTRIBUTES } from '../contract/search-attributes.js';
import { answers } from './answers.js';
import { endOf } from './child-end.js';
import { logOf, openLog } from './logs.js';
import type { Ports } from './ports.js';
import { identityOf } from './process-identity.js';
import { stackError, type StackError } from './stack-error.js';
import { addressesOf, type ServerRecord } from './stack-record.js';

const READY_WITHIN_MS = 30_000;
export const DYNAMIC_CONFIG = [
  // The server's own limit of 20 a second shows as a 50 ms grid on every step of a turn.
  'history.transferProcessorMaxPollRPS=2000',
  // A run is deleted once its end has been noted, which happens every minute by default: `continuity forget` waits for that.
  'history.transferProcessorUpdateAckInterval="1s"',
  'history.visibilityProcessorUpdateAckInterval="1s"',
  // A topic that is stuck is named at its first failure and not at its fifth, a minute later: a worker frees it (workers/unstick.ts).
  'system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=1',
];

export interface DevServer extends ServerRecord {
  /** How it ended, if it does. */
  ended: Promise<string>;
}

export interface DevServerOptions extends Ports {
  program: string;
  dataDir: string;
  /** More of the server's dynamic configuration, as `name=value`. */
  settings?: string[];
}

/** @throws StackError TEMPORAL_UNAVAILABLE */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  const database = join(options.dataDir, 'temporal.db');
  const unready = `${database}.unready`;
  if (!existsSync(database)) await writeFile(unready, '', { mode: 0o600 });
  try {
    return await start(options, database, unready);
  } catch (error) {
    // A database whose first start was cut short has half its tables, and nothing was ever kept in it.
    if (!existsSync(unready) || !existsSync(database)) throw error;
    await rename(database, `${database}.unfinished-${Date.now()}`);
    return start(options, database, unready);
  }
}

async function start(options: DevServerOptions, database: string, unready: string): Promise<DevServer> {
  const log = logOf(options.dataDir, 'temporal');
  const child = launch(options, database, log);
  const ended = endOf(child);
  const { address } = addressesOf(options);
  const how = await Promise.race([ended.then((how) => `it ended ${how}`), answers(address, READY_WITHIN_MS)]);
  const identity = child.pid === undefined ? undefined : await identityOf(child.pid);
  if (how !== undefined || !identity) {
    child.kill('SIGKILL');
    throw await notStarted(how ?? 'it ended', address, log);
  }
  await rm(unready, { force: true });
  return { ...identity, port: options.port, uiPort: options.uiPort, ended };
}

/** In a process group of its own: Ctrl-C in the terminal is for `continuity up`, which stops the worker first. */
function launch({ program, port, uiPort, settings = [] }: DevServerOptions, database: string, log: string): ChildProcess {
  const args = ['server', 'start-dev', '--db-filename', database, '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort), '--color', 'never'];
  for (const setting of [...DYNAMIC_CONFIG, ...settings]) args.push('--dynamic-config-value', setting);
  for (const [name, type] of Object.entries(SEARCH_ATTRIBUTES)) args.push('--search-attribute', `${name}=${type}`);
  const out = openLog(log);
  const options = { detached: true, stdio: ['ignore', out, out] as ['ignore', number, number] };
  try {
    // The database is the owner's alone, too. A umask of this process would hold for the agents as well.
    return process.platform === 'win32' ? spawn(program, args, options) : spawn('sh', ['-c', 'umask 077; exec "$@"', 'sh', program, ...args], options);
  } finally {
    closeSync(out);
  }
}

async function notStarted(how: string, address: string, log: string): Promise<StackError> {
  const lines = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n');
  const last = lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? '';
  return stackError('TEMPORAL_UNAVAILABLE', `The Temporal server did not start on ${address}: ${how}. ${last.slice(0, 300)}`.trim(), `Read its log: ${log}`);
}
