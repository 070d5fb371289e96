/** Whether the data directory is its owner's alone. */
import { unsafeDataDir } from '../../config.js';
import { fine, wrong, type Finding } from './check.js';

export async function checkPrivate(dataDir: string): Promise<Finding> {
  const unsafe = await unsafeDataDir(dataDir);
  return unsafe ? wrong('data directory', unsafe) : fine('data directory', dataDir);
}
