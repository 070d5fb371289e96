/** How a fetched program comes into the cache: made ready beside its place, then put there in one step. */
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export interface Fetching {
  version: string;
  /** Where the program is wanted. */
  target: string;
  env: NodeJS.ProcessEnv;
  report: (line: string) => void;
  signal: AbortSignal;
}

/** Several starters at once each fetch their own; the last one in place wins, and none sees half a file. */
export async function putInPlace(target: string, make: (directory: string) => Promise<string>): Promise<void> {
  const place = dirname(target);
  await mkdir(place, { recursive: true, mode: 0o700 });
  const directory = await mkdtemp(join(place, `.${basename(target)}-`));
  try {
    const made = await make(directory);
    await chmod(made, 0o700);
    await rename(made, target);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
