/**
 * Finds a person's own Claude Code on the same session. Each process writes a note,
 * `sessions/<pid>.json`. The note of a killed process stays (2.1.331).
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { SessionId } from '../../contract/ids.js';
import { hasInEnvironment, processEntryOf } from '../../host/proc.js';
import { identityOf } from '../../host/process-identity.js';

/** `procStart`: the start time in clock ticks since boot, from the kernel. */
const Note = z.object({ pid: z.number().int().positive(), sessionId: z.string(), procStart: z.string().optional() });

/** The pid of a process that is not ours. Our processes have `marker` in their environment. */
export async function otherOn(session: SessionId, configDir: string, marker: string): Promise<number | undefined> {
  const folder = join(configDir, 'sessions');
  const names = await readdir(folder).catch((): string[] => []); // ENOENT: Claude Code has never run.
  for (const name of names.filter((one) => /^\d+\.json$/.test(one))) {
    const note = await noteIn(join(folder, name));
    if (note?.sessionId === session && (await isAlive(note)) && !hasInEnvironment(note.pid, marker)) return note.pid;
  }
  return undefined;
}

async function noteIn(file: string) {
  try {
    return Note.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    // ENOENT: the process ended meanwhile. SyntaxError, ZodError: the file is not such a note.
    return undefined;
  }
}

async function isAlive({ pid, procStart }: z.infer<typeof Note>): Promise<boolean> {
  const entry = process.platform === 'linux' ? processEntryOf(pid) : undefined;
  if (process.platform === 'linux')
    return entry !== undefined && (procStart === undefined || entry.startTicks === procStart);
  return (await identityOf(pid)) !== undefined;
}
