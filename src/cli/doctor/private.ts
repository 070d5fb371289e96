/** Checks that only its owner can use the data directory. */
import { unsafeDataDir } from '../../host/private-data-dir.js';
import { fine, wrong, type Finding } from './check.js';

export async function checkPrivate(dataDir: string): Promise<Finding> {
  const unsafe = await unsafeDataDir(dataDir);
  return unsafe ? wrong('data directory', unsafe) : fine('data directory', dataDir);
}
