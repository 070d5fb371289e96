/**
 * Stores one file for each task that an MCP server has to report. The file's name has the server's process.
 * When that process has ended, the next server of the same client in the same directory takes the task over
 * by renaming the file. Only one server can rename it.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject } from '../contract/is-object.js';
import type { PushStore, PushTask } from '../contract/pushes.js';
import { writePrivateFile } from './private-file.js';
import { identityOf } from './process-identity.js';

const MOST_TAKEN_OVER = 200;
/** Other files in the folder are left alone. */
const OURS = /^[0-9a-f]{24}\.\d+\.[0-9a-f]{24}\.json$/;
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;

export async function pushStoreIn(dataDir: string, client: string, cwd: string): Promise<PushStore> {
  const folder = join(dataDir, 'mcp', hashOf([client, cwd]));
  const own = await ownerOf(process.pid);
  const fileOf = ({ topic, prompt_id }: PushTask) => join(folder, `${hashOf([topic, prompt_id])}.${own}.json`);
  const drop = (task: PushTask) => rm(fileOf(task), { force: true });
  return {
    keep: (task) => writePrivateFile(fileOf(task), JSON.stringify(task)),
    drop,
    async takeOver() {
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []); // ENOENT: nothing was handed over yet.
      const taken: PushTask[] = [];
      for (const entry of entries)
        if (entry.isFile() && OURS.test(entry.name)) taken.push(...(await takenOver(folder, entry.name, own)));
      taken.sort((one, other) => (one.at < other.at ? -1 : 1));
      for (const tooMany of taken.slice(0, -MOST_TAKEN_OVER)) await drop(tooMany);
      return taken.slice(-MOST_TAKEN_OVER);
    },
  };
}

async function takenOver(folder: string, name: string, own: string): Promise<PushTask[]> {
  const [task, pid, started] = name.split('.');
  if ((await ownerOf(Number(pid))) === `${pid}.${started}`) return [];
  const file = join(folder, `${task}.${own}.json`);
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
    [value.topic, value.prompt_id, value.at].every((field) => typeof field === 'string') &&
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
