/**
 * Records what `continuity up` started on a data directory. The next `continuity up` reads it after
 * a crash, and other commands find the server with it.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { writePrivateFile } from '../host/private-file.js';
import { isAlive } from '../host/process-identity.js';

const identity = z.object({ pid: z.number().int().positive(), started: z.string().min(1) });
const record = z.object({
  /** The `continuity up` that restarts the others. */
  up: identity.optional().catch(undefined),
  server: identity
    .extend({
      port: z.number().int(),
      /** The port on which `continuity up` serves the Web UI. */
      uiPort: z.number().int(),
      /** The hidden address on which the server serves the Web UI to `continuity up`. */
      ui: z.object({ host: z.string(), port: z.number().int() }).optional(),
    })
    .optional()
    .catch(undefined),
  worker: identity.optional().catch(undefined),
});

export type StackRecord = z.output<typeof record>;
export type DevServerRecord = NonNullable<StackRecord['server']>;

const fileOf = (dataDir: string) => join(dataDir, 'stack.json');

/** Empty when there is no record, or when the file is not our record. */
export async function readStackRecord(dataDir: string): Promise<StackRecord> {
  try {
    return record.catch({}).parse(JSON.parse(await readFile(fileOf(dataDir), 'utf8')));
  } catch {
    return {}; // ENOENT, or a truncated file: no process is provably ours.
  }
}

export async function writeStackRecord(dataDir: string, stack: StackRecord): Promise<void> {
  await writePrivateFile(fileOf(dataDir), `${JSON.stringify(stack)}\n`);
}

/** Keeps the record while the server runs, because the next start has to find the server. */
export async function removeRecordOfEnded(dataDir: string): Promise<void> {
  const { server } = await readStackRecord(dataDir);
  if (server && (await isAlive(server))) return;
  // EROFS: the record stays. Its processes have ended, so a reader ignores them.
  await rm(fileOf(dataDir), { force: true }).catch(() => undefined);
}

/** Addresses of the data directory's development server, when it runs or is being restarted. */
export async function runningServer(dataDir: string): Promise<{ address: string; uiUrl: string } | undefined> {
  const { server, up } = await readStackRecord(dataDir);
  return server && ((await isAlive(server)) || (up && (await isAlive(up)))) ? addressesOf(server) : undefined;
}

export function addressesOf({ port, uiPort }: { port: number; uiPort: number }): { address: string; uiUrl: string } {
  return { address: `127.0.0.1:${port}`, uiUrl: `http://127.0.0.1:${uiPort}` };
}
