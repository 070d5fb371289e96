/** Describes a bad field in a sentence: which field of which file, what it must be, what it is. */
import { configInvalid, type ConfigInvalid } from './invalid.js';

export interface Problem {
  path: readonly PropertyKey[];
  /** Ends a sentence that begins with the field, for example `must be text`. */
  message: string;
  /** The value. Left out when the message already contains it. */
  got?: unknown;
  /** A name that was probably meant. */
  meant?: string | undefined;
}

export function invalidFields(problems: readonly Problem[], file: string): ConfigInvalid {
  const [first, ...others] = problems.map((problem) => sentence(problem, file));
  if (others.length === 0) return configInvalid(first ?? `${file} is not a config.`);
  return configInvalid([`${file} has ${problems.length} bad fields:`, first, ...others].join('\n- '));
}

function sentence({ path, message, meant, ...rest }: Problem, file: string): string {
  const field = path.length > 0 ? `${path.map(String).join('.')} in ${file}` : file;
  return `${field} ${message}${'got' in rest ? `, got ${shown(rest.got)}` : ''}${meant === undefined ? '.' : `; did you mean ${JSON.stringify(meant)}?`}`;
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const json = JSON.stringify(value) ?? typeof value;
  return json.length > 80 ? `${json.slice(0, 77)}…` : json;
}
