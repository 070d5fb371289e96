/** Describes a bad field in a sentence: which field of which file, what it must be, what it is. */
import { configInvalid, type ConfigInvalid } from './invalid.js';

/** A stranger's file may have any number of bad fields, and a topic keeps the message. */
const MOST_SHOWN = 20;
const MOST_CHARACTERS = 400;
/** Anchors of YAML make a small file a huge value, or one without an end. */
const MOST_VALUES_SHOWN = 100;

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
  const [first, ...others] = problems.slice(0, MOST_SHOWN).map((problem) => sentence(problem, file));
  if (others.length === 0) return configInvalid(first ?? `${file} is not a config.`);
  const more = problems.length - MOST_SHOWN;
  const rest = more > 0 ? [`and ${more} more`] : [];
  return configInvalid([`${file} has ${problems.length} bad fields:`, first, ...others, ...rest].join('\n- '));
}

function sentence({ path, message, meant, ...rest }: Problem, file: string): string {
  const field = path.length > 0 ? `${path.map(String).join('.')} in ${file}` : file;
  return `${cut(field)} ${cut(message)}${'got' in rest ? `, got ${shown(rest.got)}` : ''}${meant === undefined ? '.' : `; did you mean ${JSON.stringify(meant)}?`}`;
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  let left = MOST_VALUES_SHOWN;
  const counted = (_key: string, inner: unknown): unknown => {
    if (left-- <= 0) throw new RangeError('too many values to show');
    return inner;
  };
  try {
    const json = JSON.stringify(value, counted) ?? typeof value;
    return json.length > 80 ? `${json.slice(0, 77)}…` : json;
  } catch {
    return Array.isArray(value) ? 'a long list' : 'a large object'; // RangeError; TypeError: it contains itself.
  }
}

function cut(words: string): string {
  return words.length > MOST_CHARACTERS ? `${words.slice(0, MOST_CHARACTERS - 1)}…` : words;
}
