/**
 * Keeps facts that an agent does not, one small file each. A fact is on disk when the call returns.
 */
import { createHash } from 'node:crypto';
import { mkdir, opendir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type * as z from 'zod';
import { writePrivateFile } from '../../host/private-file.js';

/** Files that one pruning looks at. */
const MOST_LOOKED_AT = 10_000;

export class DurableFacts<T> {
  constructor(
    private readonly folder: string,
    private readonly schema: z.ZodType<T>,
  ) {}

  /** `undefined` when nothing is kept under the key. */
  async get(key: string): Promise<T | undefined> {
    try {
      return this.schema.parse(JSON.parse(await readFile(this.#file(key), 'utf8')));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error; // Any other error means that the fact is not known.
    }
  }

  async set(key: string, fact: T): Promise<void> {
    await writePrivateFile(this.#file(key), JSON.stringify(fact), { durable: true });
  }

  async remove(key: string): Promise<void> {
    await rm(this.#file(key), { force: true });
  }

  /**
   * Forgets what was set before this time, in ms since 1970. The work is bounded: the next pruning
   * finds what this one leaves over.
   */
  async prune(before: number): Promise<void> {
    let looked = 0;
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    for await (const { name } of await opendir(this.folder)) {
      if (++looked > MOST_LOOKED_AT) return;
      const file = join(this.folder, name);
      if ((await stat(file)).mtimeMs < before) await rm(file, { force: true });
    }
  }

  #file(key: string): string {
    return join(this.folder, createHash('sha256').update(key).digest('hex').slice(0, 40));
  }
}
