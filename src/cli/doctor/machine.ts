/** What this machine brings along: Node, the data directory, the Temporal program. */
import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { execa } from 'execa';
import { failure } from '../../contract/failures.js';
import { SUPPORTED } from '../../host/supported-versions.js';
import { installedTemporal, type TemporalBinary } from '../../stack/temporal-binary.js';
import { fine, wrong, type Finding } from './check.js';
import { checkVersion } from './versions.js';

const PROGRAM = 'temporal program';

/** It only prints its version, but a machine at work may start it slowly. */
const PROGRAM_WITHIN_MS = 30_000;

export const checkNode = (version = process.versions.node): Finding => checkVersion('node', SUPPORTED.node, version);

/** Does not create it: that is for whoever keeps something there. */
export async function checkDataDir(dataDir: string): Promise<Finding> {
  try {
    const place = await nearestThere(dataDir);
    await access(place, constants.W_OK);
    return fine('data directory', place === dataDir ? dataDir : `${dataDir} (not there yet)`);
  } catch (cause) {
    return wrong('data directory', failure('DATA_DIR_UNWRITABLE', `${dataDir} is not writable: ${cause instanceof Error ? cause.message : String(cause)}.`));
  }
}

async function nearestThere(path: string): Promise<string> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!found) return nearestThere(dirname(path));
  if (!found.isDirectory()) throw new Error(`${path} is not a directory`);
  return path;
}

export async function checkProgram(): Promise<Finding> {
  let found: TemporalBinary | undefined;
  try {
    found = await installedTemporal();
  } catch (error) {
    return wrong(PROGRAM, (error as { failure: ReturnType<typeof failure> }).failure);
  }
  if (!found) return fine(PROGRAM, 'none yet; continuity up fetches it');
  const { failed, stdout, shortMessage } = await execa(found.path, ['--version'], { reject: false, timeout: PROGRAM_WITHIN_MS, stdin: 'ignore' });
  if (failed) return wrong(PROGRAM, failure('SETUP_INCOMPLETE', `${found.path} does not run: ${shortMessage ?? 'it failed'}.`, SUPPORTED.temporalProgram.mend));
  // "temporal version 1.9.1 (Server 1.32.0, UI 2.50.1)"
  const version = /\d+\.\d+\.\d+\S*/.exec(stdout)?.[0] ?? stdout.trim();
  return checkVersion(PROGRAM, SUPPORTED.temporalProgram, version, `${version}, ${found.path} (${found.from})`);
}
