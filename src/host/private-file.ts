/** Writes small files that only their owner can read. */
import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Replaces the file in one step. A reader never sees half of the text, and a full disk leaves the
 * old file. Several writers may write the file at once: each has a draft of its own, and the last
 * rename wins.
 *
 * @param durable waits until the file is on the disk, so that a power cut does not lose it
 */
export async function writePrivateFile(file: string, text: string, { durable = false } = {}): Promise<void> {
  const folder = dirname(file);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomUUID().slice(0, 8)}.new`;
  try {
    await writeFile(draft, text, { flush: durable, mode: 0o600 });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  if (!durable) return;
  // The new name is an entry of the directory, so the directory has to be synced, too.
  await using directory = await open(folder);
  await directory.sync();
}
