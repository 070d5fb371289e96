/** Finds and reads the config file. Its content is checked in settle.ts. */
import { isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import { open, realpath, stat, type FileHandle } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { homeOf } from '../host/home.js';
import { userConfigDirOf } from '../host/data-dir.js';
import type { Environment } from '../host/environment.js';
import { configInvalid, ConfigInvalid } from './invalid.js';
import { CODE, contentOf, DATA } from './loaders.js';
import { ensureOwn } from './owned.js';
import { searchedDirectories } from './search.js';

/** A parser of a larger file could hold up a worker, and with it the topics of all projects. */
const MOST_BYTES_OF_A_PROJECT = 64 * 1024;
/** Of the user's own file, which may be a program. */
const MOST_BYTES = 4 * 1024 * 1024;

export interface ConfigFile {
  file?: string;
  content: unknown;
  /**
   * The file's text, which the user's trust applies to. Set only for a project's file, because the
   * user did not choose that file.
   */
  foundText?: string;
  /** Config files that are programs. They were found and not run. */
  notRun: string[];
}

/**
 * Reads the file that `CONTINUITY_CONFIG` names, else the nearest `continuity.config.*` of the
 * project, else `config.*` of the user's config directory. A project's file is always data. The
 * other two may be programs.
 *
 * @throws ConfigInvalid CONFIG_INVALID when the file cannot be read, CONFIG_UNSAFE when other users
 * could have written it
 */
export async function readConfigFile(cwd: string, env: Environment): Promise<ConfigFile> {
  if (env.CONTINUITY_CONFIG) return readNamed(resolve(cwd, env.CONTINUITY_CONFIG));
  const notRun: string[] = [];
  // ENOENT, EACCES: there is nothing to read in it. The directories above it may have a file.
  const place = await realpath(cwd).catch(() => cwd);
  for (const directory of searchedDirectories(place, homeOf(env))) {
    const read = await firstOf(directory, 'continuity.config', DATA);
    if (read) return { file: read.file, content: await contentOf(read), foundText: read.text, notRun };
    const program = await firstOf(directory, 'continuity.config', CODE);
    if (program) notRun.push(program.file);
  }
  const own = userConfigDirOf(env);
  const read = own === undefined ? undefined : await firstOf(own, 'config', [...DATA, ...CODE], { most: MOST_BYTES });
  return read ? { file: read.file, content: await contentOf(read), notRun } : { content: {}, notRun };
}

export interface ReadFile {
  file: string;
  text: string;
}

/**
 * Reads a project's file that the user wants to trust.
 * @throws ConfigInvalid CONFIG_INVALID, CONFIG_UNSAFE
 */
export async function readProjectFile(file: string): Promise<ReadFile & { content: unknown }> {
  if (!DATA.includes(extname(file)))
    throw configInvalid(
      `${file} is not a project config. A project config is data, and its name ends in ${DATA.join(', ')}.`,
    );
  const read = await readOwn(file);
  if (!read) throw configInvalid(`${file} does not exist.`);
  return { ...read, content: await contentOf(read) };
}

async function readNamed(file: string): Promise<ConfigFile> {
  const read = await readOwn(file, { alone: true, most: MOST_BYTES });
  if (!read) throw configInvalid(`CONTINUITY_CONFIG names ${file}, which does not exist.`);
  return { file, content: await contentOf(read), notRun: [] };
}

async function firstOf(
  directory: string,
  name: string,
  extensions: readonly string[],
  limit?: { most: number },
): Promise<ReadFile | undefined> {
  for (const extension of extensions) {
    const read = await readOwn(join(directory, name + extension), limit);
    if (read) return read;
  }
  return undefined;
}

/**
 * Undefined when the file does not exist. With `alone`, the directory's owner is not checked,
 * because the user named the file.
 */
async function readOwn(
  file: string,
  { alone = false, most = MOST_BYTES_OF_A_PROJECT } = {},
): Promise<ReadFile | undefined> {
  try {
    // O_NONBLOCK: a read of a named pipe would otherwise wait for a writer forever.
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = await handle.stat();
    if (!found.isFile()) return undefined;
    if (!alone) ensureOwn(dirname(file), await stat(dirname(file)));
    ensureOwn(file, found);
    const bytes = await readAtMost(handle, most);
    if (!bytes) throw configInvalid(`${file} cannot be read: it has more than ${most / 1024} KiB.`);
    if (!isUtf8(bytes)) throw configInvalid(`${file} cannot be read: it is not UTF-8.`);
    return { file, text: bytes.toString('utf8') };
  } catch (cause) {
    if (cause instanceof ConfigInvalid) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw configInvalid(`${file} cannot be read: ${message}`, { cause });
  }
}

/** @returns undefined when the file has more. It may grow while it is read. */
async function readAtMost(handle: FileHandle, most: number): Promise<Buffer | undefined> {
  if ((await handle.stat()).size > most) return undefined;
  const buffer = Buffer.alloc(most + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
    length += bytesRead;
    if (length > most) return undefined;
    if (bytesRead === 0) return buffer.subarray(0, length);
  }
}
