/**
 * Which prompts were cancelled: a file each. The session alone does not tell, as a turn that was aborted while the provider was
 * being retried looks like one that a crash cut off (OpenCode 1.18.33), and would be resumed.
 */
import { access, mkdir, opendir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Long after any attempt at the prompt: a topic waits 4 days for its host, and a turn works for hours. */
const KEPT_FOR_MS = 90 * 24 * 60 * 60 * 1000;
/** Of files that are looked at in one pruning. */
const MOST_LOOKED_AT = 10_000;

export class CancelledPrompts {
  constructor(private readonly folder: string) {}

  /** Durable once it returns. Message ids are hashes, so they are file names. */
  async add(messageId: string): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    await writeFile(join(this.folder, messageId), '', { flush: true, mode: 0o600 });
  }

  async has(messageId: string): Promise<boolean> {
    try {
      await access(join(this.folder, messageId));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error; // It cannot be told: never resume what may have been cancelled.
    }
  }

  /** Forgets what was cancelled long ago. A bounded piece of work: what it leaves over, the next one finds. */
  async prune(now = Date.now()): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    let looked = 0;
    for await (const { name } of await opendir(this.folder)) {
      if (++looked > MOST_LOOKED_AT) return;
      const file = join(this.folder, name);
      if ((await stat(file)).mtimeMs < now - KEPT_FOR_MS) await rm(file, { force: true });
    }
  }
}
