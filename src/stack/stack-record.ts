/** What `continuity up` started on a data directory, for the next one after a crash and for commands that look for it. */
import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { isAlive } from '../host/process-identity.js';

const identity = z.object({ pid: z.number().int().positive(), started: z.string().min(1) });
const record = z.object({
  /** The `continuity up` that starts the others again when they end. */
  up: identity.optional().catch(undefined),
  server: identity
    .extend({
      port: z.number().int(),
      /** Where `continuity up` serves the Web UI, while it runs. */
      uiPort: z.number().int(),
      /** Where the server itself serves it, to `continuity up` alone. */
      ui: z.object({ host: z.string(), port: z.number().int() }).optional(),
    })
    .optional()
    .catch(undefined),
  worker: identity.optional().catch(undefined),
});

export type StackRecord = z.output<typeof record>;
export type ServerRecord = NonNullable<StackRecord['server']>;

const fileOf = (dataDir: string) => join(dataDir, 'stack.json');

/** Empty when there is none, or when it is not one of ours. */
export async function readRecord(dataDir: string): Promise<StackRecord> {
  try {
    return record.catch({}).parse(JSON.parse(await readFile(fileOf(dataDir), 'utf8')));
  } catch {
    return {}; // ENOENT, or cut short: then nothing is provably ours.
  }
}

export async function writeRecord(dataDir: string, stack: StackRecord): Promise<void> {
  const draft = `${fileOf(dataDir)}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(stack)}\n`, { mode: 0o600 });
  await chmod(draft, 0o600);
  await rename(draft, fileOf(dataDir));
}

/** A server that still runs is kept in it: the next start has to find that one. */
export async function removeRecordOfEnded(dataDir: string): Promise<void> {
  const { server } = await readRecord(dataDir);
  if (server && (await isAlive(server))) return;
  await rm(fileOf(dataDir), { force: true }).catch(() => undefined); // EROFS: it names what has ended, and is read as such.
}

/** Address of the development server of this data directory, if it runs or is just being started again. */
export async function runningServer(dataDir: string): Promise<{ address: string; uiUrl: string } | undefined> {
  const { server, up } = await readRecord(dataDir);
  return server && ((await isAlive(server)) || (up && (await isAlive(up)))) ? addressesOf(server) : undefined;
}

export function addressesOf({ port, uiPort }: { port: number; uiPort: number }): { address: string; uiUrl: string } {
  return { address: `127.0.0.1:${port}`, uiUrl: `http://127.0.0.1:${uiPort}` };
}
