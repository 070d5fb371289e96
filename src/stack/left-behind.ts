/**
 * Finds processes that an earlier `continuity up` left and that no record names, because it was
 * killed between a spawn and the writing of the record. Each process that it starts has a mark in
 * its environment. Linux only, because other systems do not show another process's environment.
 */
import { failed } from '../contract/failures.js';
import { realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { commandOf, holdersOf, processesWith } from '../host/process-facts.js';
import { identityOf, type ProcessIdentity } from '../host/process-identity.js';
import { workerScript } from './worker-script.js';

type Part = 'server' | 'worker';

const MARK = 'CONTINUITY_UP_PART';

export function markOf(part: Part, dataDir: string): Record<string, string> {
  return { [MARK]: `${part} ${realpathSync(dataDir)}` };
}

/** Processes that the worker starts inherit the mark. The command line tells them apart. */
const IS: Record<Part, (command: string[]) => boolean> = {
  server: (command) => command.includes('start-dev'),
  worker: (command) => command.some((word) => basename(word) === basename(workerScript())),
};

export async function leftBehind(part: Part, dataDir: string): Promise<ProcessIdentity[]> {
  const [entry = ['', '']] = Object.entries(markOf(part, dataDir));
  const marked = processesWith(entry.join('='));
  const identities = await Promise.all(
    marked.filter(({ command }) => IS[part](command)).map(({ pid }) => identityOf(pid)),
  );
  return identities.filter((identity) => identity !== undefined);
}

/**
 * Two servers on one database destroy each other's topics.
 *
 * @throws Failed DATA_DIR_LOCKED, which names the server on this database
 */
export async function ensureNoServerOn(database: string): Promise<void> {
  for (const pid of await holdersOf(database)) {
    // Another program may read the database, for example a person's SQLite shell.
    if (!IS.server(await commandOf(pid))) continue;
    throw failed(
      'DATA_DIR_LOCKED',
      `A Temporal server that this continuity up did not start has the database ${database} open (process ${pid}).`,
      `Stop that process first (kill ${pid}), or use another directory with --data-dir.`,
    );
  }
}
