/** How a fetched program comes into the cache: made ready beside its place, checked, then put there in one step. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, lstat, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

export interface Fetching {
  version: string;
  /** Where the program is wanted. */
  target: string;
  /** Of the program, in hex. A program with another one is thrown away. */
  sha256: string;
  env: NodeJS.ProcessEnv;
  report: (line: string) => void;
  signal: AbortSignal;
}

/** Several starters at once each fetch their own; the last one in place wins, and none sees half a file. */
export async function putInPlace({ target, sha256 }: Pick<Fetching, 'target' | 'sha256'>, make: (directory: string) => Promise<string>): Promise<void> {
  const place = dirname(target);
  await mkdir(place, { recursive: true, mode: 0o700 });
  const directory = await mkdtemp(join(place, `.${basename(target)}-`));
  try {
    const made = await make(directory);
    const found = await checksumOfFile(made);
    if (found !== sha256) throw new Error(`what came is not the program that was pinned: its SHA-256 is ${found}, not ${sha256}`);
    await chmod(made, 0o700);
    await rename(made, target);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function checksumOfFile(file: string): Promise<string> {
  if (!(await lstat(file)).isFile()) throw new Error('what came is not a file');
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
