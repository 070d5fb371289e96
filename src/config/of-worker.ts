/**
 * Compares the caller's config with the worker's. The worker reads the config in the session's directory.
 * The two differ if the caller's environment names other files, or if the caller's program passes its own
 * config.
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
 * Returns CONFIG_DIFFERS when the worker of the caller's data directory uses another config in `cwd`.
 * Returns undefined if the configs agree, if no worker of this release runs on that data directory, or if
 * another user owns the directory. In the last two cases the caller cannot see the worker's config.
 *
 * `given`: the caller's config. `from`: the environment with which it was read. Absent: a program made it.
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
  // Do not read another user's config: it can be a program. Root often calls the worker of a service's
  // user.
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

/** A file that can't be read makes no difference here: the worker reports it. */
function unlessInvalid(error: unknown): undefined {
  if (!(error instanceof ConfigInvalid)) throw error;
}

function sameReads(one: Reads, other: Reads): boolean {
  return JSON.stringify(allOf(one)) === JSON.stringify(allOf(other));
}

/** Has every name, so that an unset variable there replaces a set one here. */
function allOf({ HOME, XDG_CONFIG_HOME, XDG_STATE_HOME, CONTINUITY_CONFIG }: Reads): Reads {
  return { HOME, XDG_CONFIG_HOME, XDG_STATE_HOME, CONTINUITY_CONFIG };
}
