/** What this machine brings along: Node, the data directory, the Temporal program. */
import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { failure } from '../../contract/failures.js';
import { installedTemporal } from '../../stack/temporal-binary.js';
import { fine, wrong, type Finding } from './check.js';

const OLDEST_NODE = [20, 12];

export function checkNode(version = process.versions.node): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldest = 0, oldestMinor = 0] = OLDEST_NODE;
  if (major > oldest || (major === oldest && minor >= oldestMinor)) return fine('node', version);
  return wrong('node', failure('SETUP_INCOMPLETE', `Node ${version} is too old; ${OLDEST_NODE.join('.')} is the oldest that works.`, 'Install a newer Node.'));
}

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
  try {
    const found = await installedTemporal();
    return fine('temporal program', found ? `${found.path} (${found.from})` : 'none yet; continuity up fetches it');
  } catch (error) {
    return wrong('temporal program', (error as { failure: ReturnType<typeof failure> }).failure);
  }
}
