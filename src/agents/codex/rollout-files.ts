/**
 * Finds the rollout of a thread: `sessions/<year>/<month>/<day>/rollout-<time>-<thread>.jsonl` in
 * Codex's home (0.169.0).
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
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
