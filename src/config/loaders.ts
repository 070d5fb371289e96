/**
 * From a config file to what is in it. The parsers are those of cosmiconfig; its search is not used. That search runs
 * `.config/config.js` of the working directory, and follows `$import` from data to programs.
 */
import { extname } from 'node:path';
import type { Loader } from 'cosmiconfig';
// The package's main module asks for the home directory as it loads, and throws where the user has none.
import { loadJs, loadJson, loadTs, loadYaml } from 'cosmiconfig/dist/loaders.js';
import { parse } from 'smol-toml';
import { configInvalid } from './invalid.js';

/** Endings of files that are only data, in the order in which they are looked for. */
export const DATA = ['.json', '.yaml', '.yml', '.toml'];
/** Endings of files that are run. */
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

/** An empty file says nothing, like an empty object. @throws ConfigInvalid where it can't be parsed, or throws as it runs */
export async function contentOf({ file, text }: { file: string; text: string }): Promise<unknown> {
  const extension = extname(file);
  const load = LOADERS[extension || 'noExt'];
  if (!load) throw configInvalid(`${file} cannot be read: its name must end in ${[...DATA, ...CODE].join(', ')}.`);
  if (text.trim() === '') return {};
  try {
    return ((await load(file, text)) as unknown) ?? {};
  } catch (cause) {
    throw configInvalid(`${file} cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

/** A parser's first line is a heading of ours when it names the file again; its code frame says nothing that the line number doesn't. */
function reasonOf(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error)).split('\n').filter((line) => line.trim() !== '');
  const [first = '', second] = lines;
  const reason = /^(JSON|YAML|TypeScript) Error in /.test(first) && second ? second : first;
  return error instanceof Error && 'line' in error && typeof error.line === 'number' ? `${reason} (line ${error.line})` : reason;
}
