/**
 * Which prompts were cancelled: a file each. The session alone does not tell, as a turn that was aborted while the provider was
 * being retried looks like one that a crash cut off (OpenCode 1.18.33), and would be resumed.
 */
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

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
    } catch {
      return false; // ENOENT: not cancelled.
    }
  }
}
