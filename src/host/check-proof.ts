/**
 * The right to run any command as a check. A caller has it when it can read the data directory of
 * the session's host, whose files only the owner can read. The key stays in that directory. A
 * prompt carries a signature of its topic, its id and its commands, so the signature is good for no
 * other command.
 */
import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failed } from '../contract/failures.js';
import type { PromptId, TopicId } from '../contract/ids.js';
import type { Check } from '../contract/checks.js';

import { ensurePrivate } from './private-data-dir.js';

export interface Signed {
  topic: TopicId;
  prompt_id: PromptId;
  checks: Check[];
}

/** Creates the key when there is none. The caller or the worker may be first. */
export async function checkProofOf(dataDir: string, { topic, prompt_id, checks }: Signed): Promise<string> {
  const words = checks.map(({ run, timeout }) => [run, timeout ?? null]);
  return createHmac('sha256', await keyIn(dataDir))
    .update(JSON.stringify([topic, prompt_id, words]))
    .digest('base64url');
}

/**
 * Error handler for a caller that can do without a proof. Passes over a key that cannot be read.
 * Rethrows DATA_DIR_UNSAFE, because other users could have written that key.
 */
export function unlessUnsafe(error: unknown): undefined {
  if (error instanceof Failed) throw error;
}

export async function isCheckProof(dataDir: string, signed: Signed, proof: string): Promise<boolean> {
  const [good, got] = [Buffer.from(await checkProofOf(dataDir, signed)), Buffer.from(proof)];
  return good.length === got.length && timingSafeEqual(good, got);
}

/** @throws Failed DATA_DIR_UNSAFE when other users could read or replace the key */
async function keyIn(dataDir: string): Promise<Buffer> {
  await ensurePrivate(dataDir);
  const file = join(dataDir, 'check-key');
  const found = await readKey(file);
  if (found) return found;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const own = `${file}.${randomUUID()}`;
  await writeFile(own, randomBytes(32), { mode: 0o600 });
  // Two processes may create a key at the same time. `link` lets the first one win, both read that
  // one, and no reader sees half a key.
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
