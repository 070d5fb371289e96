/** Checks this machine: Node, the data directory, the Temporal program. */
import { execa } from 'execa';
import { Failed, failure, type Failure } from '../../contract/failures.js';
import { freeBytes, nearestThere, sizeOf, whyNoRoom } from '../../host/room.js';
import { SUPPORTED } from '../../host/supported-versions.js';
import { installedTemporal, type TemporalBinary } from '../../stack/temporal-binary.js';
import { fine, wrong, type Finding } from './check.js';
import { checkVersion } from './versions.js';

const PROGRAM = 'temporal program';

/** The program only prints its version, but a busy machine may start it slowly. */
const PROGRAM_WITHIN_MS = 30_000;

export const checkNode = (version = process.versions.node): Finding => checkVersion('node', SUPPORTED.node, version);

/**
 * In bytes. The database, the logs and OpenCode's store grow. Below `enough` they can still grow
 * for a while. Below `least` the next write may fail.
 */
const ROOM = { enough: 1e9, least: 50e6 };

/** Does not create the directory. The command that first writes to it does. */
export async function checkDataDir(dataDir: string, { enough, least } = ROOM): Promise<Finding> {
  const why = await whyNoRoom(dataDir, least);
  if (why !== undefined)
    return wrong(
      'data directory',
      failure(
        'DATA_DIR_UNWRITABLE',
        `${dataDir} ${why}.`,
        'Make room there, or make it writable. Or use another directory with --data-dir.',
      ),
    );
  const free = await freeBytes(dataDir);
  const isThere = (await nearestThere(dataDir)) === dataDir;
  const detail =
    [dataDir, !isThere && '(does not exist yet)'].filter(Boolean).join(' ') +
    (free === undefined ? '' : `, ${sizeOf(free)} free`);
  const note =
    free !== undefined && free < enough
      ? `The disk of ${dataDir} has only ${sizeOf(free)} free. Temporal's database and the sessions of the agents grow.`
      : undefined;
  return fine('data directory', detail, note);
}

export async function checkProgram(): Promise<Finding> {
  let found: TemporalBinary | undefined;
  try {
    found = await installedTemporal();
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    return wrong(PROGRAM, error.failure as Failure);
  }
  if (!found) return fine(PROGRAM, 'not installed; continuity up downloads it');
  const { failed, stdout, shortMessage } = await execa(found.path, ['--version'], {
    reject: false,
    timeout: PROGRAM_WITHIN_MS,
    stdin: 'ignore',
  });
  if (failed)
    return wrong(
      PROGRAM,
      failure(
        'SETUP_INCOMPLETE',
        `${found.path} does not run: ${shortMessage ?? 'it failed'}.`,
        SUPPORTED.temporalProgram.mend,
      ),
    );
  // "temporal version 1.9.1 (Server 1.32.0, UI 2.50.1)"
  const version = /\d+\.\d+\.\d+\S*/.exec(stdout)?.[0] ?? stdout.trim();
  return checkVersion(PROGRAM, SUPPORTED.temporalProgram, version, `${version}, ${found.path} (${found.from})`);
}
