/**
 * The files through which the gate and a worker talk: a folder for each session. The gate waits as
 * long as its Claude Code lives, and workers come and go, so neither knows the other. A file appears
 * whole, and its name is used once.
 *
 * - `asks/<n>-<uuid>.json`: a request of Claude Code that waits for an answer.
 * - `asks/<n>-<uuid>.<part>.answer`: the answer to it, or to one of its questions.
 * - `always/<digest>`: what is allowed for the rest of the session.
 *
 * The gate imports this, so it imports nothing that takes time to load.
 */
import { createHash } from 'node:crypto';
import { access, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writePrivateFile } from '../../host/private-file.js';

/** What Claude Code passes to the tool that asks for permission (2.1.331). */
export interface Request {
  tool_name: string;
  input: Record<string, unknown>;
  tool_use_id?: string;
}

export interface OpenRequest extends Request {
  /** Unique for ever. */
  name: string;
  /** The parts that have an answer already. */
  answered: number[];
}

export type Reply =
  | { behavior: 'allow' }
  /** The model is told the message. */
  | { behavior: 'deny'; message: string }
  /** Answers one question. */
  | { behavior: 'reply'; text: string };

const ASK = /^(\d+)-[0-9a-f-]{36}\.json$/;
const ANSWER = /^(.+)\.(\d+)\.answer$/;

export class GateFiles {
  readonly #asks: string;
  readonly #always: string;

  constructor(folder: string) {
    this.#asks = join(folder, 'asks');
    this.#always = join(folder, 'always');
  }

  add(name: string, request: Request): Promise<void> {
    return writePrivateFile(join(this.#asks, `${name}.json`), JSON.stringify(request));
  }

  /** Oldest first. */
  async open(): Promise<OpenRequest[]> {
    const files = await namesIn(this.#asks);
    const number = (file: string) => Number(ASK.exec(file)?.[1]);
    const asks = files.filter((file) => ASK.test(file)).sort((a, b) => number(a) - number(b));
    const read = await Promise.all(
      asks.map(async (file): Promise<OpenRequest[]> => {
        const name = file.replace(/\.json$/, '');
        const text = await textOf(join(this.#asks, file)); // It may have been answered meanwhile.
        return text === undefined ? [] : [{ ...(JSON.parse(text) as Request), name, answered: partsOf(name, files) }];
      }),
    );
    return read.flat();
  }

  /** The first answer counts. */
  async answer(name: string, part: number, reply: Reply): Promise<void> {
    const file = this.#answerFile(name, part);
    if (!(await exists(file))) await writePrivateFile(file, JSON.stringify(reply));
  }

  async answerTo(name: string, part: number): Promise<Reply | undefined> {
    const text = await textOf(this.#answerFile(name, part));
    return text === undefined ? undefined : (JSON.parse(text) as Reply);
  }

  /** Once its request is gone, an answer is of no use. */
  async remove(name: string): Promise<void> {
    await rm(join(this.#asks, `${name}.json`), { force: true });
    for (const part of partsOf(name, await namesIn(this.#asks)))
      await rm(this.#answerFile(name, part), { force: true });
  }

  /** Removes what an earlier run has left. */
  async clear(): Promise<void> {
    await rm(this.#asks, { recursive: true, force: true });
  }

  async allowAlways(action: string): Promise<void> {
    await writePrivateFile(this.#alwaysFile(action), '', { durable: true });
  }

  isAlwaysAllowed(action: string): Promise<boolean> {
    return exists(this.#alwaysFile(action));
  }

  #answerFile = (name: string, part: number) => join(this.#asks, `${name}.${part}.answer`);
  #alwaysFile = (action: string) => join(this.#always, createHash('sha256').update(action).digest('hex'));
}

const partsOf = (name: string, files: string[]) =>
  files.flatMap((file) => {
    const [, of, part] = ANSWER.exec(file) ?? [];
    return of === name ? [Number(part)] : [];
  });

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const exists = (file: string) =>
  access(file).then(
    () => true,
    () => false, // ENOENT
  );
