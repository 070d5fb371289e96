/**
 * Who may have any command run as a check: whoever reads the data directory of the session's host, for there the files are the owner's
 * alone. The key never leaves that directory; a prompt carries a signature of its own topic, id and commands, good for no other command.
 */
import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PromptId, TopicId } from '../contract/ids.js';
import type { Check } from '../contract/types.js';
import { ConfigInvalid } from './invalid.js';
import { ensurePrivate } from './private-data-dir.js';

export interface Signed {
  topic: TopicId;
  prompt_id: PromptId;
  checks: Check[];
}

/** Made by whoever needs it first, a caller or the worker. */
export async function checkProofOf(dataDir: string, { topic, prompt_id, checks }: Signed): Promise<string> {
  const words = checks.map(({ run, timeout }) => [run, timeout ?? null]);
  return createHmac('sha256', await keyIn(dataDir)).update(JSON.stringify([topic, prompt_id, words])).digest('base64url');
}

/** For a caller that need not sign: passes over a key that can't be read, but not one that others could have written. */
export function unlessUnsafe(error: unknown): undefined {
  if (error instanceof ConfigInvalid) throw error;
}

export async function isCheckProof(dataDir: string, signed: Signed, proof: string): Promise<boolean> {
  const [good, got] = [Buffer.from(await checkProofOf(dataDir, signed)), Buffer.from(proof)];
  return good.length === got.length && timingSafeEqual(good, got);
}

/** @throws ConfigInvalid DATA_DIR_UNSAFE where others could read or replace the key */
async function keyIn(dataDir: string): Promise<Buffer> {
  await ensurePrivate(dataDir);
  const file = join(dataDir, 'check-key');
  const found = await readKey(file);
  if (found) return found;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const own = `${file}.${randomUUID()}`;
  await writeFile(own, randomBytes(32), { mode: 0o600 });
  // Of two that make one at the same time, both take the one that is there first, and nobody reads half of it.
  await link(own, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(own, { force: true });
  return readFile(file);
}

async function readKey(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
