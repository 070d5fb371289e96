/** Reports what does not apply of a project's config, in one line for each file. */
import { basename } from 'node:path';
import type { Config, Ignored } from '../../config.js';
import { failure, type Failure } from '../../contract/failures.js';
import { Output } from './output.js';

export interface Untrusted extends Failure {
  file: string;
  keys?: string[];
}

export function untrusted({ ignored = [] }: Pick<Config, 'ignored'>): Untrusted[] {
  return ignored.map((one) => ({ ...failureOf(one), ...one }));
}

/**
 * Prints text, or a JSON line `{"notice":…}`, to stderr. stdout holds the answer and nothing else.
 */
export function reportIgnored(
  config: Pick<Config, 'ignored'>,
  json: boolean,
  stderr: NodeJS.WriteStream = process.stderr,
): void {
  const output = new Output(json, stderr, stderr);
  for (const notice of untrusted(config)) {
    if (json) output.answer({ notice }, '');
    else output.note(`${notice.message} ${notice.fix}`, 'yellow');
  }
}

function failureOf({ file, keys }: Ignored): Failure {
  if (keys)
    return failure(
      'CONFIG_UNTRUSTED',
      `Ignored ${keys.join(', ')} in ${file}: you have not trusted this file.`,
      'Read it, then: continuity trust',
    );
  const fix = `Write ${basename(file).replace(/\.\w+$/, '.yaml')} instead, or name the program with CONTINUITY_CONFIG.`;
  return failure(
    'CONFIG_UNTRUSTED',
    `Ignored ${file}: a project's config must be data, and this file is a program.`,
    fix,
  );
}
