/**
 * The directories in which the running server may work. It tells of one directory at a time which
 * sessions are busy (1.18.33), and the worker that began a turn may be gone. So they are in a file,
 * one a line.
 */
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writePrivateFile } from '../../host/private-file.js';

export class ServedDirectories {
  readonly #noted = new Set<string>();

  constructor(private readonly file: string) {}

  /** Called before anything works there. */
  async note(directory: string): Promise<void> {
    if (this.#noted.has(directory)) return;
    await mkdir(dirname(this.file), { recursive: true, mode: 0o700 });
    await appendFile(this.file, `${JSON.stringify(directory)}\n`, { mode: 0o600 });
    this.#noted.add(directory);
  }

  /** Also what other processes have noted. `undefined`: it is not known, as with a server of an older release. */
  async all(): Promise<string[] | undefined> {
    try {
      const lines = (await readFile(this.file, 'utf8')).split('\n').filter(Boolean);
      return [...new Set(lines.map((line) => JSON.parse(line) as string))];
    } catch {
      return undefined; // ENOENT, SyntaxError: torn by a kill or a full disk.
    }
  }

  /** A new server works nowhere yet. */
  async clear(): Promise<void> {
    this.#noted.clear();
    await writePrivateFile(this.file, '');
  }
}
