/**
 * Finds the rollout of a thread: `sessions/<year>/<month>/<day>/rollout-<time>-<thread>.jsonl` in
 * Codex's home (0.169.0).
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { SessionId } from '../../contract/ids.js';

/** `undefined` when the store has no such thread. An archived thread is in another folder. */
export async function rolloutOf(store: string, session: SessionId): Promise<string | undefined> {
  return (
    (await newestBelow(join(store, 'sessions'), session)) ?? newestBelow(join(store, 'archived_sessions'), session)
  );
}

/** Whether a rollout is that of an archived thread. */
export const isArchived = (store: string, rollout: string) => rollout.startsWith(`${store}/archived_sessions/`);

/** Of the threads that are not archived, in no order. */
export async function activeRollouts(store: string): Promise<string[]> {
  const entries = await readdir(join(store, 'sessions'), { withFileTypes: true, recursive: true }).catch(none);
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

/** The thread whose rollout a file is. undefined: it is none. */
export function threadOf(file: string): SessionId | undefined {
  return /\/rollout-[^/]+-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.jsonl$/.exec(file)?.[1] as
    SessionId | undefined;
}

/** A copy does not repeat the records of its original. It names the thread, and how far (0.169.0). */
const Base = z.object({
  payload: z.object({ history_base: z.object({ thread_id: z.string(), end_byte_offset: z.number() }) }),
});
const MOST_COPIES = 100;

/** The records of a thread, with those that it was copied from. @throws ENOENT */
export async function readWhole(store: string, path: string): Promise<string> {
  const texts: string[] = [];
  let bytes = await readFile(path);
  for (let copies = 0; copies < MOST_COPIES; copies++) {
    texts.unshift(bytes.toString('utf8'));
    const base = baseIn(texts[0] ?? '');
    const from = base && (await rolloutOf(store, base.thread_id as SessionId));
    if (from === undefined) break;
    bytes = (await readFile(from)).subarray(0, base?.end_byte_offset);
  }
  return texts.join('\n');
}

function baseIn(text: string): { thread_id: string; end_byte_offset: number } | undefined {
  const head = text.slice(0, Math.max(text.indexOf('\n'), 0));
  if (!head.includes('"history_base"')) return undefined;
  try {
    return Base.parse(JSON.parse(head)).payload.history_base;
  } catch {
    return undefined; // SyntaxError, ZodError: it is torn, or no copy.
  }
}

function none(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT') return [];
  throw error;
}

async function newestBelow(folder: string, session: SessionId): Promise<string | undefined> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(none);
  const file = entries.find((entry) => entry.isFile() && threadOf(join(folder, entry.name)) === session);
  if (file) return join(folder, file.name);
  const folders = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
    .reverse();
  for (const name of folders) {
    const found = await newestBelow(join(folder, name), session);
    if (found !== undefined) return found;
  }
  return undefined;
}
