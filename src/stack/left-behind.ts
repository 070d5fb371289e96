/**
 * What an earlier `continuity up` left running and no record names: it was killed between a spawn and the writing of the record. Each process
 * that it starts has a mark in its environment. Linux only: elsewhere the environment of another process cannot be read.
 */
import { realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { commandOf, holdersOf, processesWith } from './process-facts.js';
import { identityOf, type ProcessIdentity } from '../host/process-identity.js';
import { stackError } from './stack-error.js';
import { workerScript } from './worker-script.js';

type Part = 'server' | 'worker';

const MARK = 'CONTINUITY_UP_PART';

export function markOf(part: Part, dataDir: string): Record<string, string> {
  return { [MARK]: `${part} ${realpathSync(dataDir)}` };
}

/** What the worker started inherits the mark: the program tells the two apart. */
const IS: Record<Part, (command: string[]) => boolean> = {
  server: (command) => command.includes('start-dev'),
  worker: (command) => command.some((word) => basename(word) === basename(workerScript())),
};

export async function leftBehind(part: Part, dataDir: string): Promise<ProcessIdentity[]> {
  const [entry = ['', '']] = Object.entries(markOf(part, dataDir));
  const marked = await processesWith(entry.join('='));
  const identities = await Promise.all(marked.filter(({ command }) => IS[part](command)).map(({ pid }) => identityOf(pid)));
  return identities.filter((identity) => identity !== undefined);
}

/**
 * Two servers on one database destroy each other's topics.
 *
 * @throws StackError DATA_DIR_LOCKED that names a server on this database
 */
export async function ensureNoServerOn(database: string): Promise<void> {
  for (const pid of await holdersOf(database)) {
    // A person may look at the database with another program.
    if (!IS.server(await commandOf(pid))) continue;
    throw stackError(
      'DATA_DIR_LOCKED',
      `A Temporal server that this continuity up did not start has the database ${database} open (process ${pid}).`,
      `Stop that process first (kill ${pid}), or use another directory with --data-dir.`,
    );
  }
}
