/**
 * Puts a downloaded program into the cache. It is prepared beside its target, checked, and moved
 * there in one step.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, lstat, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

export interface Fetching {
  version: string;
  /** The path of the program in the cache. */
  target: string;
  /** SHA-256 of the program, in hex. A program with another checksum is deleted. */
  sha256: string;
  env: NodeJS.ProcessEnv;
  report: (line: string) => void;
  signal: AbortSignal;
}

/**
 * Several processes may download at the same time. Each makes its own copy, the last `rename` wins,
 * and none sees half a file.
 */
export async function putInPlace(
  { target, sha256 }: Pick<Fetching, 'target' | 'sha256'>,
  make: (directory: string) => Promise<string>,
): Promise<void> {
  const place = dirname(target);
  await mkdir(place, { recursive: true, mode: 0o700 });
  const directory = await mkdtemp(join(place, `.${basename(target)}-`));
  try {
    const made = await make(directory);
    const found = await checksumOfFile(made);
    if (found !== sha256)
      throw new Error(`the download is not the pinned program: its SHA-256 is ${found}, not ${sha256}`);
    await chmod(made, 0o700);
    await rename(made, target);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function checksumOfFile(file: string): Promise<string> {
  if (!(await lstat(file)).isFile()) throw new Error('the download is not a file');
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
