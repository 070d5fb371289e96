/**
 * A session's config is read by the worker, in the session's directory. This compares it with what
 * its caller means: the two differ where the environment of the caller names other files, or where
 * the caller's program hands its own config over.
 */
import { failure, type Failure } from '../contract/failures.js';
import { unsafeDataDir } from '../host/private-data-dir.js';
import { liveWorkerIn } from '../host/worker-state.js';
import { differencesOf } from './differences.js';
import { ConfigInvalid } from './invalid.js';
import { readsOf, type Reads } from './reads.js';
import type { Config } from './types.js';

const MOST_NAMED = 10;

export interface Loading {
  cwd: string;
  dataDir: string;
  env: NodeJS.ProcessEnv;
}

/**
 * CONFIG_DIFFERS when the worker of the caller's data directory uses another config in `cwd`.
 * Undefined, too, where no worker of this release runs on that data directory, or where the
 * directory is another user's: the config of the host with the worker counts then, and this caller
 * cannot see it.
 *
 * `given`: as the caller has it. `from`: the environment that it was read with. Absent: no file has
 * it.
 */
export async function differenceToWorker(
  cwd: string,
  given: Config,
  from: NodeJS.ProcessEnv | undefined,
  load: (loading: Loading) => Promise<Config>,
): Promise<Failure | undefined> {
  const { dataDir } = given;
  const worker = await liveWorkerIn(dataDir);
  if (!worker?.reads) return undefined;
  const reads = from && readsOf(from);
  if (reads && sameReads(reads, worker.reads)) return undefined;
  // Another user could have written what the worker reads, and it can be a program. Root may well
  // call the worker of a service's user.
  if (await unsafeDataDir(dataDir)) return undefined;
  const loaded = (env: NodeJS.ProcessEnv) => load({ cwd, dataDir, env }).catch(unlessInvalid);
  const there = await loaded({ ...(from ?? process.env), ...allOf(worker.reads) });
  const here = from ? await loaded(from) : given;
  if (!here || !there) return undefined;
  const names = differencesOf(here, there);
  if (names.length === 0) return undefined;
  const named = names.slice(0, MOST_NAMED).join(', ') + (names.length > MOST_NAMED ? ', …' : '');
  const mine = from ? (here.file ?? 'no file') : 'what the program gave it (config)';
  return failure(
    'CONFIG_DIFFERS',
    `The config of this caller is not the one that the worker (process ${worker.pid}) uses in ${cwd}. These differ: ${named}. The caller has ${mine}, the worker ${there.file ?? 'no file'}.`,
  );
}

/** What is wrong with a file, the worker says of it. */
function unlessInvalid(error: unknown): undefined {
  if (!(error instanceof ConfigInvalid)) throw error;
}

function sameReads(one: Reads, other: Reads): boolean {
  return JSON.stringify(allOf(one)) === JSON.stringify(allOf(other));
}

/** Every name, so that one that is not set there replaces one that is set here. */
function allOf({ HOME, XDG_CONFIG_HOME, XDG_STATE_HOME, CONTINUITY_CONFIG }: Reads): Reads {
  return { HOME, XDG_CONFIG_HOME, XDG_STATE_HOME, CONTINUITY_CONFIG };
}
