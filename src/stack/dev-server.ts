/**
 * Runs Temporal's development server on a database file in the data directory. A restart continues
 * with the same topics.
 */
import { failed, type Failed } from '../contract/failures.js';
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SEARCH_ATTRIBUTES } from '../contract/search-attributes.js';
import { answers, ask } from './answers.js';
import { endOf } from './child-end.js';
import { markOf } from './left-behind.js';
import { logOf, openLog } from './logs.js';
import { hiddenEndpoint, type Endpoint, type Ports } from './ports.js';
import { holdersOf, listensOn } from '../host/process-facts.js';
import { endProcess, identityOf } from '../host/process-identity.js';
import { keepClosedTopics } from './retention.js';
import { addressesOf, type DevServerRecord } from './stack-record.js';

const READY_WITHIN_MS = 30_000;
const GIVEN_UP_WITHIN_MS = 5_000;
const DATABASE = 'temporal.db';
/**
 * The files that SQLite keeps beside a database. A file that is left behind would be replayed into
 * the next database of that name.
 */
const WITH_JOURNALS = ['', '-journal', '-wal', '-shm'];

export const DYNAMIC_CONFIG = [
  // The server also opens an HTTP API on a free port, and no flag turns it off (CLI 1.9). The API
  // accepts a cross-site POST of text/plain, so any web page could signal a topic. No browser can
  // send this host name. Only the Nexus routes remain open, and no worker serves Nexus.
  'frontend.httpAllowedHosts=["refused.invalid"]',
  // The default of 20 polls a second makes every step of a turn wait for a 50 ms grid.
  'history.transferProcessorMaxPollRPS=2000',
  // The server deletes a run after it has noted the run's end. By default it notes ends every
  // minute, and `continuity forget` would wait for that.
  'history.transferProcessorUpdateAckInterval="1s"',
  'history.visibilityProcessorUpdateAckInterval="1s"',
  // The server reports a stuck topic at its first failure. The default is the fifth failure, a
  // minute later. A worker then frees the topic (workers/unstick.ts).
  'system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=1',
];

export interface DevServer extends DevServerRecord {
  /** Resolves when the server ends, with how it ended. */
  ended: Promise<string>;
}

/** What the caller of a start wants to know and to stop. */
export interface Starter {
  /** No process starts after this signal is aborted. */
  signal?: AbortSignal;
  /** Called in the same tick as the spawn, so that every process is known. */
  spawned?: (child: ChildProcess) => void;
}

export interface DevServerOptions extends Ports, Starter {
  program: string;
  dataDir: string;
  /** Additional dynamic configuration of the server, as `name=value`. */
  settings?: string[];
  /** Called right after the spawn, long before the server is ready. */
  record?: (server: DevServerRecord) => Promise<void>;
}

/** @throws Failed TEMPORAL_UNAVAILABLE. No server is left running. */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  const { database, unready } = filesOf(options.dataDir);
  if (!existsSync(database)) await writeFile(unready, '', { mode: 0o600 });
  try {
    return await start(options);
  } catch (error) {
    // A database whose first start was cut short has half its tables. It never held anything, so a
    // new one may replace it.
    if (options.signal?.aborted || !existsSync(unready) || !existsSync(database)) throw error;
    const aside = `${database}.unfinished-${Date.now()}`;
    for (const suffix of WITH_JOURNALS)
      if (existsSync(database + suffix)) await rename(database + suffix, aside + suffix);
    return start(options);
  }
}

/**
 * Checks that this process answers and works on this database, then updates the namespace.
 *
 * @returns undefined when the server can be used, else the reason
 */
export async function fitness(
  server: DevServerRecord,
  dataDir: string,
  withinMs: number,
  signal?: AbortSignal,
): Promise<string | undefined> {
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
  const ui = await hiddenEndpoint();
  const child = launch(options, ui, log);
  const ended = endOf(child);
  const identity = child.pid === undefined ? undefined : await identityOf(child.pid);
  const { address } = addressesOf(options);
  if (!identity) throw await notStarted(`it ended ${await ended}`, address, log);
  const server = { ...identity, port, uiPort, ui };
  try {
    await record(server);
    const how = await Promise.race([
      ended.then((end) => `it ended ${end}`),
      fitness(server, dataDir, READY_WITHIN_MS, signal),
    ]);
    if (how !== undefined) throw await notStarted(how, address, log);
    return { ...server, ended };
  } catch (error) {
    await endProcess(identity, 'SIGTERM', GIVEN_UP_WITHIN_MS);
    throw error;
  }
}

/**
 * The server has its own process group. Ctrl-C in the terminal reaches only `continuity up`, which
 * stops the worker first.
 */
function launch(
  { program, dataDir, port, settings = [], signal, spawned }: DevServerOptions,
  ui: Endpoint,
  log: string,
): ChildProcess {
  // SQLite reads the name as a URI, in which `#`, `?` and `%` have a meaning. The CLI reads it as a
  // path. A plain name means the same to both.
  const args = [
    'server',
    'start-dev',
    '--db-filename',
    DATABASE,
    '--ip',
    '127.0.0.1',
    '--port',
    String(port),
    '--color',
    'never',
  ];
  args.push('--ui-ip', ui.host, '--ui-port', String(ui.port));
  for (const setting of [...DYNAMIC_CONFIG, ...settings]) args.push('--dynamic-config-value', setting);
  for (const [name, type] of Object.entries(SEARCH_ATTRIBUTES)) args.push('--search-attribute', `${name}=${type}`);
  const out = openLog(log);
  const options = {
    cwd: dataDir,
    env: { ...process.env, ...markOf('server', dataDir) },
    detached: true,
    stdio: ['ignore', out, out] as ['ignore', number, number],
  };
  // Only the owner may read the database. `sh` sets the umask, because a umask of this process
  // would also apply to the agents.
  const [file, ...words] =
    process.platform === 'win32'
      ? [resolve(program), ...args]
      : ['/bin/sh', '-c', 'umask 077; exec "$@"', 'sh', resolve(program), ...args];
  try {
    signal?.throwIfAborted();
    const child = spawn(file, words, options);
    spawned?.(child);
    return child;
  } finally {
    closeSync(out);
  }
}

async function notStarted(how: string, address: string, log: string): Promise<Failed> {
  const lines = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n');
  const last = lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? '';
  return failed(
    'TEMPORAL_UNAVAILABLE',
    `The Temporal server did not start on ${address}: ${how}. ${last.slice(0, 300)}`.trim(),
    `Read its log: ${log}`,
  );
}
