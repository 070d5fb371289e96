/**
 * Stores one file for each task that an MCP server has to report. The file's name has the server's process.
 * When that process has ended, the next server of the same client in the same directory, which asks the same
 * Temporal, takes the task over by renaming the file. Only one server can rename it.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isId } from '../contract/ids.js';
import { isObject } from '../contract/is-object.js';
import type { PushStore, PushTask } from '../contract/pushes.js';
import { writePrivateFile } from './private-file.js';
import { identityOf } from './process-identity.js';

const MOST_TAKEN_OVER = 200;
/**
 * Other files in the folder are left alone. A name that goes on after `.json` is a draft, which a server
 * that was killed has not renamed: no call was answered for what is only in it.
 */
const OURS = /^[0-9a-f]{24}\.(\d+\.[0-9a-f]{24})\.json(\.[0-9a-f]{8}\.new)?$/;
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;

/** Whose tasks a store has. In another namespace, or on another server, a topic is another one. */
export interface PushOwner {
  client: string;
  cwd: string;
  /** What the environment says of the Temporal to use: its address, namespace, profile and config file. */
  temporal: readonly string[];
}

/** @param note gets why a file could not be taken over. The others are. */
export async function pushStoreIn(
  dataDir: string,
  { client, cwd, temporal }: PushOwner,
  note: (line: string) => void = () => undefined,
): Promise<PushStore> {
  const folder = join(dataDir, 'mcp', hashOf([client, cwd, ...temporal]));
  const own = await ownerOf(process.pid);
  const fileOf = ({ topic, prompt_id }: PushTask) => join(folder, `${hashOf([topic, prompt_id])}.${own}.json`);
  const drop = (task: PushTask) => rm(fileOf(task), { force: true });
  return {
    keep: (task) => writePrivateFile(fileOf(task), JSON.stringify(task)),
    drop,
    async takeOver() {
      const taken: PushTask[] = [];
      for (const name of await filesIn(folder))
        try {
          taken.push(...(await takenOver(folder, name, own)));
        } catch (error) {
          note(`${join(folder, name)} cannot be taken over: ${(error as Error).message}`); // EACCES, EISDIR
        }
      taken.sort((one, other) => (one.at < other.at ? -1 : 1));
      for (const tooMany of taken.slice(0, -MOST_TAKEN_OVER)) await drop(tooMany);
      return taken.slice(-MOST_TAKEN_OVER);
    },
  };
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isFile() && OURS.test(entry.name) ? [entry.name] : []));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []; // Nothing was handed over yet.
    throw error;
  }
}

async function takenOver(folder: string, name: string, own: string): Promise<PushTask[]> {
  const [, owner = '', draft] = OURS.exec(name) ?? [];
  if ((await ownerOf(Number.parseInt(owner))) === owner) return [];
  if (draft !== undefined) {
    await rm(join(folder, name), { force: true });
    return [];
  }
  const file = join(folder, `${name.split('.')[0]}.${own}.json`);
  try {
    await rename(join(folder, name), file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []; // Another server was quicker.
    throw error;
  }
  const read = await readTask(file);
  if (isTask(read) && Date.now() - Date.parse(read.at) < KEPT_MS) return [read];
  await rm(file, { force: true });
  return [];
}

async function readTask(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return undefined; // SyntaxError: a full disk has cut it off. ENOENT: a person has removed it.
  }
}

function isTask(value: unknown): value is PushTask {
  return (
    isObject(value) &&
    isId(value.topic) &&
    isId(value.prompt_id) &&
    typeof value.at === 'string' &&
    Array.isArray(value.told)
  );
}

/** A pid alone does not identify a process, because pids are reused. */
async function ownerOf(pid: number): Promise<string> {
  const identity = Number.isSafeInteger(pid) ? await identityOf(pid) : undefined;
  return `${pid}.${hashOf([identity?.started ?? 'has ended'])}`;
}

function hashOf(words: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, 24);
}
