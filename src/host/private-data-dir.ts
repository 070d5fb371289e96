/**
 * The data directory holds keys. Their reader can run commands and read sessions, so only the owner
 * may have access.
 */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Failed, failure, type Failure } from '../contract/failures.js';
import { mending, openToOthers } from './open-to-others.js';

/**
 * Keys, passwords and addresses. Another user who can write one of these files would choose which
 * server or process we trust.
 */
const SECRETS = [
  'check-key',
  'host-id',
  'stack.json',
  'agents',
  'agents/opencode',
  'agents/opencode/server.json',
  'agents/codex',
  'agents/codex/server.json',
];

/**
 * Undefined when the data directory is private, does not exist yet, or is no directory. The code
 * that needs the directory reports the last two.
 */
export async function unsafeDataDir(dataDir: string): Promise<Failure | undefined> {
  const found = await lstat(dataDir).catch(() => undefined); // ENOENT, ENOTDIR, EACCES.
  if (found && !found.isDirectory() && !found.isSymbolicLink()) return undefined;
  const within = (names: readonly string[]) => names.map((name) => join(dataDir, name));
  const outside = await openToOthers([dataDir]);
  const inside = outside.some(({ command }) => command === undefined)
    ? []
    : [...(await openToOthers(within(SECRETS))), ...(await openToOthers(within(await namesIn(dataDir)), 'own'))];
  const problems = [...new Map([...outside, ...inside].map((problem) => [problem.path, problem])).values()];
  const [first] = problems;
  if (!first) return undefined;
  const which = first.path === dataDir ? `Data directory ${dataDir}` : `${first.path} in the data directory`;
  const aboutLinks = 'Put what the link points to in its place, or name the directory itself with --data-dir.';
  return failure('DATA_DIR_UNSAFE', `${which} is not yours alone: ${first.what}.`, mending(problems, aboutLinks));
}

/** @throws Failed DATA_DIR_UNSAFE */
export async function ensurePrivate(dataDir: string): Promise<void> {
  const unsafe = await unsafeDataDir(dataDir);
  if (unsafe) throw new Failed(unsafe);
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'EACCES') return []; // The code that needs the directory reports this.
    throw error;
  });
}
