/** Finds and reads the config file; says nothing about what is in it. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { cosmiconfig } from 'cosmiconfig';
import type { Environment } from './data-dir.js';
import { configInvalid } from './invalid.js';

const EXTENSIONS = ['json', 'yaml', 'yml', 'js', 'mjs', 'cjs'];

export interface ConfigFile {
  file?: string;
  content: unknown;
}

/** @throws ConfigInvalid where the file is there and cannot be read */
export async function readConfigFile(cwd: string, env: Environment): Promise<ConfigFile> {
  const explorer = cosmiconfig('continuity', {
    searchPlaces: EXTENSIONS.map((extension) => `continuity.config.${extension}`),
    searchStrategy: 'global',
    ignoreEmptySearchPlaces: false,
    cache: false,
  });
  const named = env.CONTINUITY_CONFIG ? resolve(cwd, env.CONTINUITY_CONFIG) : undefined;
  if (named && !existsSync(named)) throw configInvalid(`CONTINUITY_CONFIG names ${named}, which does not exist.`);
  try {
    const found = named ? await explorer.load(named) : await explorer.search(cwd);
    return found ? { file: found.filepath, content: found.isEmpty ? {} : (found.config as unknown) } : { content: {} };
  } catch (cause) {
    throw configInvalid(`${fileOf(cause) ?? named ?? 'The config file'} cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

function fileOf(error: unknown): string | undefined {
  return error instanceof Error && 'filepath' in error && typeof error.filepath === 'string' ? error.filepath : undefined;
}

/** A parser's first line is a heading of ours when it names the file again; its code frame says nothing that the line number doesn't. */
function reasonOf(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error)).split('\n').filter((line) => line.trim() !== '');
  const [first = '', second] = lines;
  return /^(JSON|YAML) Error in /.test(first) && second ? second : first;
}
