/**
 * The record of an agent's running server, in a file that only its owner may read. The server
 * outlives the worker that started it.
 */
import { readFile } from 'node:fs/promises';
import type * as z from 'zod';
import { writePrivateFile } from '../../host/private-file.js';

/**
 * `undefined`, too, when the file is damaged or from another version. The server is then found by
 * its marker.
 */
export async function readRecord<T>(schema: z.ZodType<T>, file: string): Promise<T | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return undefined; // ENOENT, SyntaxError, ZodError: see above.
  }
}

export async function writeRecord(file: string, record: object): Promise<void> {
  await writePrivateFile(file, JSON.stringify(record));
}
