/** What is known of the running server, in a file that only its owner may read: it outlives the worker that started it. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod';
import type { Address } from './calls.js';

const ServerRecord = z.object({
  pid: z.number().int().positive(),
  /** See ProcessIdentity: with the pid it names one process. */
  started: z.string().min(1),
  port: z.number().int(),
  password: z.string(),
  store: z.string(),
});

export type ServerRecord = z.infer<typeof ServerRecord> & Address;

/** Nothing, too, where the file is from another version or damaged: the server is then found by its marker. */
export async function readRecord(file: string): Promise<ServerRecord | undefined> {
  try {
    return ServerRecord.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return undefined; // ENOENT, SyntaxError, ZodError: see above.
  }
}

export async function writeRecord(file: string, record: ServerRecord): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, JSON.stringify(record), { mode: 0o600 });
  await rename(`${file}.new`, file);
}
