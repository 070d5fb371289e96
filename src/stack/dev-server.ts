/** Temporal's development server on a file database under the data directory: starts where it was. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SEARCH_ATTRIBUTES } from '../contract/search-attributes.js';
import { answers, ask } from './answers.js';
import { endOf } from './child-end.js';
import { markOf } from './left-behind.js';
import { logOf, openLog } from './logs.js';
import { hiddenPlace, type Place, type Ports } from './ports.js';
import { holdersOf, listensOn } from './process-facts.js';
import { endProcess, identityOf } from '../host/process-identity.js';
import { keepClosedTopics } from './retention.js';
import { stackError, type StackError } from './stack-error.js';
import { addressesOf, type ServerRecord } from './stack-record.js';

const READY_WITHIN_MS = 30_000;
const GIVEN_UP_WITHIN_MS = 5_000;
const DATABASE = 'temporal.db';
/** SQLite's own files beside a database. One that is left behind would be played into the next database of that name. */
const WITH_JOURNALS = ['', '-journal', '-wal', '-shm'];

export const DYNAMIC_CONFIG = [
  // The server also opens an HTTP API on a free port, with no switch to leave it out (CLI 1.9). It accepts a cross-site POST of text/plain, so
  // any web page could signal a topic. No browser can send this host name. What stays open there are the routes of Nexus: no worker serves it.
  'frontend.httpAllowedHosts=["refused.invalid"]',
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

/** For whom a process is started. */
export interface Starter {
  /** No process is started once it is aborted. */
  signal?: AbortSignal;
  /** Called in the same tick as the spawn, so that no process is ever unknown. */
  spawned?: (child: ChildProcess) => void;
}

export interface DevServerOptions extends Ports, Starter {
  program: string;
  dataDir: string;
  /** More of the server's dynamic configuration, as `name=value`. */
  settings?: string[];
  /** Called right after the spawn, long before the server is ready. */
  record?: (server: ServerRecord) => Promise<void>;
}

/** @throws StackError TEMPORAL_UNAVAILABLE, with no server left running */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  const { database, unready } = filesOf(options.dataDir);
  if (!existsSync(database)) await writeFile(unready, '', { mode: 0o600 });
  try {
    return await start(options);
  } catch (error) {
    // A database whose first start was cut short has half its tables, and nothing was ever kept in it.
    if (options.signal?.aborted || !existsSync(unready) || !existsSync(database)) throw error;
    const aside = `${database}.unfinished-${Date.now()}`;
    for (const suffix of WITH_JOURNALS) if (existsSync(database + suffix)) await rename(database + suffix, aside + suffix);
    return start(options);
  }
}

/**
 * Checks that it is this process that answers, on this database, and brings the namespace up to date.
 *
 * @returns nothing when it is fit to work with, else why not
 */
export async function fitness(server: ServerRecord, dataDir: string, withinMs: number, signal?: AbortSignal): Promise<string | undefined> {
  const { address } = addressesOf(server);
  const problem = await answers(address, withinMs, signal);
  if (problem !== undefined) return problem;
  const listens = await listensOn(server.pid, server.port);
  if (listens === false) return `another program answers on port ${server.port}`;
  const { database, unready } = filesOf(dataDir);
  const keeps = listens === undefined ? existsSync(database) : (await holdersOf(database)).includes(server.pid);
  if (!keeps) return `it does not keep its database in ${database}`;
  await rm(unready, { force: true });
  return ask(address, withinMs, keepClosedTopics);
}

export function filesOf(dataDir: string): { database: string; unready: string } {
  const database = join(dataDir, DATABASE);
  return { database, unready: `${database}.unready` };
}

async function start(options: DevServerOptions): Promise<DevServer> {
  const { port, uiPort, dataDir, signal, record = () => Promise.resolve() } = options;
  const log = logOf(dataDir, 'temporal');
  const ui = await hiddenPlace();
  const child = launch(options, ui, log);
  const ended = endOf(child);
  const identity = child.pid === undefined ? undefined : await identityOf(child.pid);
  const { address } = addressesOf(options);
  if (!identity) throw await notStarted(`it ended ${await ended}`, address, log);
  const server = { ...identity, port, uiPort, ui };
  try {
    await record(server);
    const how = await Promise.race([ended.then((end) => `it ended ${end}`), fitness(server, dataDir, READY_WITHIN_MS, signal)]);
    if (how !== undefined) throw await notStarted(how, address, log);
    return { ...server, ended };
  } catch (error) {
    await endProcess(identity, 'SIGTERM', GIVEN_UP_WITHIN_MS);
    throw error;
  }
}

/** In a process group of its own: Ctrl-C in the terminal is for `continuity up`, which stops the worker first. */
function launch({ program, dataDir, port, settings = [], signal, spawned }: DevServerOptions, ui: Place, log: string): ChildProcess {
  // SQLite takes the name as a URI, where `#`, `?` and `%` have a meaning, and the CLI also takes it as a path. A plain name is the same in both.
  const args = ['server', 'start-dev', '--db-filename', DATABASE, '--ip', '127.0.0.1', '--port', String(port), '--color', 'never'];
  args.push('--ui-ip', ui.host, '--ui-port', String(ui.port));
  for (const setting of [...DYNAMIC_CONFIG, ...settings]) args.push('--dynamic-config-value', setting);
  for (const [name, type] of Object.entries(SEARCH_ATTRIBUTES)) args.push('--search-attribute', `${name}=${type}`);
  const out = openLog(log);
  const options = { cwd: dataDir, env: { ...process.env, ...markOf('server', dataDir) }, detached: true, stdio: ['ignore', out, out] as ['ignore', number, number] };
  // The database is the owner's alone, too. A umask of this process would hold for the agents as well.
  const [file, ...words] = process.platform === 'win32' ? [resolve(program), ...args] : ['/bin/sh', '-c', 'umask 077; exec "$@"', 'sh', resolve(program), ...args];
  try {
    signal?.throwIfAborted();
    const child = spawn(file, words, options);
    spawned?.(child);
    return child;
  } finally {
    closeSync(out);
  }
}

async function notStarted(how: string, address: string, log: string): Promise<StackError> {
  const lines = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n');
  const last = lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? '';
  return stackError('TEMPORAL_UNAVAILABLE', `The Temporal server did not start on ${address}: ${how}. ${last.slice(0, 300)}`.trim(), `Read its log: ${log}`);
}
