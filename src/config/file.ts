/** Finds and reads the config file; says nothing about what is in it. */
import { isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { homeOf } from '../host/home.js';
import { type Environment, userConfigDirOf } from './data-dir.js';
import { configInvalid, ConfigInvalid } from './invalid.js';
import { CODE, contentOf, DATA } from './loaders.js';
import { ensureOwn } from './owned.js';
import { searchedDirectories } from './search.js';

export interface ConfigFile {
  file?: string;
  content: unknown;
  /** Set where the file came with a project: the user has not chosen it. It is the text that trust is given to. */
  foundText?: string;
  /** Programs that were found and not run. */
  notRun: string[];
}

/**
 * The file that `CONTINUITY_CONFIG` names, else the nearest `continuity.config.*` of the project, else `config.*` of the
 * user's config directory. A project's file is data; only the other two may be programs.
 *
 * @throws ConfigInvalid CONFIG_INVALID where the file can't be read, CONFIG_UNSAFE where others could have written it
 */
export async function readConfigFile(cwd: string, env: Environment): Promise<ConfigFile> {
  if (env.CONTINUITY_CONFIG) return readNamed(resolve(cwd, env.CONTINUITY_CONFIG));
  const notRun: string[] = [];
  for (const directory of searchedDirectories(cwd, homeOf(env))) {
    const read = await firstOf(directory, 'continuity.config', DATA);
    if (read) return { file: read.file, content: await contentOf(read), foundText: read.text, notRun };
    const program = await firstOf(directory, 'continuity.config', CODE);
    if (program) notRun.push(program.file);
  }
  const own = userConfigDirOf(env);
  const read = own === undefined ? undefined : await firstOf(own, 'config', [...DATA, ...CODE]);
  return read ? { file: read.file, content: await contentOf(read), notRun } : { content: {}, notRun };
}

export interface ReadFile {
  file: string;
  text: string;
}

/** A file that a project brings, named by the user to be trusted. @throws ConfigInvalid */
export async function readProjectFile(file: string): Promise<ReadFile & { content: unknown }> {
  if (!DATA.includes(extname(file))) throw configInvalid(`${file} is no config of a project: such a file is data, and ends in ${DATA.join(', ')}.`);
  const read = await readOwn(file);
  if (!read) throw configInvalid(`${file} does not exist.`);
  return { ...read, content: await contentOf(read) };
}

async function readNamed(file: string): Promise<ConfigFile> {
  const read = await readOwn(file, { alone: true });
  if (!read) throw configInvalid(`CONTINUITY_CONFIG names ${file}, which does not exist.`);
  return { file, content: await contentOf(read), notRun: [] };
}

async function firstOf(directory: string, name: string, extensions: readonly string[]): Promise<ReadFile | undefined> {
  for (const extension of extensions) {
    const read = await readOwn(join(directory, name + extension));
    if (read) return read;
  }
  return undefined;
}

/** Nothing where there is no such file. `alone`: the directory is not looked at, because the user named the file. */
async function readOwn(file: string, { alone = false } = {}): Promise<ReadFile | undefined> {
  try {
    // Not blocking: a named pipe would wait for a writer for ever.
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = await handle.stat();
    if (!found.isFile()) return undefined;
    if (!alone) ensureOwn(dirname(file), await stat(dirname(file)));
    ensureOwn(file, found);
    const bytes = await handle.readFile();
    if (!isUtf8(bytes)) throw configInvalid(`${file} cannot be read: it is not UTF-8.`);
    return { file, text: bytes.toString('utf8') };
  } catch (cause) {
    if (cause instanceof ConfigInvalid) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw configInvalid(`${file} cannot be read: ${message}`, { cause });
  }
}
