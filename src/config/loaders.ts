/**
 * Parses a config file. The parsers come from cosmiconfig. We do not use its search, because it
 * runs `.config/config.js` of the working directory and follows `$import` from data to programs.
 */
import { extname } from 'node:path';
import type { Loader } from 'cosmiconfig';
// The package's main module reads the home directory when it loads, and throws for a user who has
// none.
import { loadJs, loadJson, loadTs, loadYaml } from 'cosmiconfig/dist/loaders.js';
import { parse } from 'smol-toml';
import { configInvalid } from './invalid.js';

/** File extensions for data, in the order in which they are searched. */
export const DATA = ['.json', '.yaml', '.yml', '.toml'];
/** File extensions for programs. */
export const CODE = ['.js', '.mjs', '.cjs', '.ts'];

const LOADERS: Record<string, Loader> = {
  '.json': loadJson,
  '.yaml': loadYaml,
  '.yml': loadYaml,
  noExt: loadYaml,
  '.toml': (_, text) => parse(text) as unknown,
  '.js': loadJs,
  '.mjs': loadJs,
  '.cjs': loadJs,
  '.ts': loadTs,
};

/**
 * An empty file counts as an empty object.
 * @throws ConfigInvalid CONFIG_INVALID when the file cannot be parsed, or throws while it runs
 */
export async function contentOf({ file, text }: { file: string; text: string }): Promise<unknown> {
  const extension = extname(file);
  const load = LOADERS[extension || 'noExt'];
  if (!load) throw configInvalid(`${file} cannot be read: its name must end in ${[...DATA, ...CODE].join(', ')}.`);
  if (text.trim() === '') return {};
  try {
    return ((await (CODE.includes(extension) ? programOnce(file, text, load) : load(file, text))) as unknown) ?? {};
  } catch (cause) {
    throw configInvalid(`${file} cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

const programs = new Map<string, Promise<unknown>>();

/**
 * A process runs a program once. Node keeps a module for the life of the process, so a worker that
 * ran one before each turn would grow with every turn.
 */
function programOnce(file: string, text: string, load: Loader): Promise<unknown> {
  const ran = programs.get(file) ?? Promise.resolve().then(() => load(file, text) as unknown);
  programs.set(file, ran);
  ran.catch(() => programs.delete(file));
  return ran;
}

/**
 * A parser's first line may be a heading that repeats the file's name, so the second line is used
 * then. The code frame adds nothing to the line number.
 */
function reasonOf(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error))
    .split('\n')
    .filter((line) => line.trim() !== '');
  const [first = '', second] = lines;
  const reason = /^(JSON|YAML|TypeScript) Error in /.test(first) && second ? second : first;
  return error instanceof Error && 'line' in error && typeof error.line === 'number'
    ? `${reason} (line ${error.line})`
    : reason;
}
