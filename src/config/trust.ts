/**
 * Remembers which project config files the user trusts. Each trust is a file in the user's state
 * directory, named by the hash of the config's path and content. A changed config is therefore no
 * longer trusted, and two commands never write the same file.
 */
import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { failure } from '../contract/failures.js';
import { noHome, stateDirOf } from '../host/data-dir.js';
import type { Environment } from '../host/environment.js';
import type { ReadFile } from './file.js';
import { ConfigInvalid } from './invalid.js';
import { mending, openToOthers } from '../host/open-to-others.js';

export async function isTrusted(read: ReadFile, env?: Environment): Promise<boolean> {
  if (stateDirOf(env) === undefined) return false;
  const entry = await entryOf(read, env);
  if ((await openToOthers([folderOf(env), entry])).length > 0) return false;
  return lstat(entry).then(
    (found) => found.isFile(),
    () => false,
  );
}

/**
 * @throws ConfigInvalid CONFIG_UNSAFE when other users could write the remembered trust;
 * SETUP_INCOMPLETE without a home directory
 */
export async function trust(read: ReadFile, env?: Environment): Promise<void> {
  const folder = folderOf(env);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [unsafe] = await openToOthers([folder]);
  if (unsafe) {
    const fix = mending([unsafe], `Put the directory that ${folder} points to in its place.`);
    throw new ConfigInvalid(
      failure(
        'CONFIG_UNSAFE',
        `${folder} remembers which files you trust, and it is not yours alone: ${unsafe.what}.`,
        fix,
      ),
    );
  }
  await writeFile(await entryOf(read, env), `${JSON.stringify(await placeOf(read.file))}\n`, { mode: 0o600 });
}

/**
 * Forgets all contents of the file that were trusted. The file itself may no longer exist.
 * @returns how many contents were trusted
 */
export async function forget(file: string, env?: Environment): Promise<number> {
  const path = await placeOf(file).catch(() => file); // ENOENT: the directory is gone.
  const entries = (await entriesIn(env)).filter((entry) => entry.file === path);
  await Promise.all(entries.map(({ entry }) => rm(entry, { force: true })));
  return entries.length;
}

async function entriesIn(env?: Environment): Promise<{ entry: string; file: string }[]> {
  const names = await readdir(folderOf(env)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const entries = names.map((name) => join(folderOf(env), name));
  return Promise.all(entries.map(async (entry) => ({ entry, file: pathIn(await readFile(entry, 'utf8')) })));
}

function pathIn(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return ''; // SyntaxError: not our file, or truncated by a full disk.
  }
}

function folderOf(env?: Environment): string {
  return join(
    stateDirOf(env) ?? noHome('what you trust', env ?? process.env, 'name a directory with XDG_STATE_HOME'),
    'trusted',
  );
}

async function entryOf({ file, text }: ReadFile, env?: Environment): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([await placeOf(file), text]));
  return join(folderOf(env), hash.digest('hex'));
}

/**
 * Trust belongs to the directory in which the file is found, because its relative programs and its
 * checks mean that directory. A link to a file that is trusted elsewhere is not trusted.
 */
async function placeOf(file: string): Promise<string> {
  return join(await realpath(dirname(file)), basename(file));
}
