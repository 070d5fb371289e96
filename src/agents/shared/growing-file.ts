/**
 * Reads of a file to which an agent appends lines only what it has gained since the last look. A
 * session can have 100 MB.
 */
import { open, type FileHandle } from 'node:fs/promises';

export interface Gained {
  /** The lines are all that the file has: it was not read before, or it is another one now. */
  isWhole: boolean;
  lines: string[];
}

/**
 * As much of the start of what was read, and of its end, is compared, to see that the file was only
 * appended to.
 */
const COMPARED = 256;

export class GrowingFile {
  #ino = 0;
  /** So much of it was read. */
  #to = 0;
  #start = Buffer.alloc(0);
  #end = Buffer.alloc(0);
  #reading: Promise<unknown> = Promise.resolve();

  constructor(private readonly path: string) {}

  /**
   * `undefined` when the last line has no end yet, because it is being written or a kill has torn
   * it. Then nothing was read. Nor was it where this throws: the next call gives the same lines.
   *
   * @throws ENOENT and other errors of the file system
   */
  gained(): Promise<Gained | undefined> {
    // One after another: two looks at once would get the same lines.
    const gained = this.#reading.then(() => this.#gained());
    this.#reading = gained.catch(() => undefined); // The caller gets the error.
    return gained;
  }

  async #gained(): Promise<Gained | undefined> {
    await using file = await open(this.path);
    const { ino, size } = await file.stat();
    const known = await this.#grown(file, ino, size);
    const bytes = known ?? (await read(file, 0, size));
    if (bytes.length > 0 && bytes.at(-1) !== NEWLINE) return undefined;
    const lines = linesIn(bytes);
    const isWhole = known === undefined;
    if (isWhole) this.#start = Buffer.from(bytes.subarray(0, COMPARED));
    if (isWhole || bytes.length > 0) this.#end = Buffer.from(bytes.subarray(-COMPARED));
    this.#ino = ino;
    this.#to = (isWhole ? 0 : this.#to) + bytes.length;
    return { isWhole, lines };
  }

  /**
   * What the file has gained. `undefined` when it is not the file that was read. What is compared and
   * what is gained come from one read: the file may be written anew between two.
   */
  async #grown(file: FileHandle, ino: number, size: number): Promise<Buffer | undefined> {
    if (this.#to === 0 || ino !== this.#ino || size < this.#to) return undefined;
    const from = this.#to - this.#end.length;
    const bytes = await read(file, from, size);
    if (!bytes.subarray(0, this.#end.length).equals(this.#end)) return undefined;
    if (!(await read(file, 0, this.#start.length)).equals(this.#start)) return undefined;
    return bytes.subarray(this.#end.length);
  }
}

const NEWLINE = 10;

async function read(file: FileHandle, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.alloc(Math.max(0, to - from));
  const { bytesRead } = bytes.length === 0 ? { bytesRead: 0 } : await file.read(bytes, 0, bytes.length, from);
  return bytes.subarray(0, bytesRead);
}

/** One by one: a text of all of them can be longer than a string may be. */
function linesIn(bytes: Buffer): string[] {
  const lines: string[] = [];
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(NEWLINE, from);
    if (end > from) lines.push(bytes.toString('utf8', from, end));
    from = end + 1;
  }
  return lines;
}
