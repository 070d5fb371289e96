/** Reads the arguments of a call as clients really send them. */
import type * as z from 'zod';
import { isObject } from '../contract/is-object.js';

type Fields = Record<string, unknown>;

/**
 * What the `task` tool of oh-my-openagent calls a field of `delegate_task`. Models that know that tool
 * use its names here, too.
 */
const OTHER_NAMES: Readonly<Partial<Record<string, (value: unknown) => Fields>>> = {
  task_id: (session_id) => ({ session_id }),
  subagent_type: (agent) => ({ agent }),
  // It is always sent. An empty list would take the session's skills away.
  load_skills: (skills) => (isEmpty(inJson(skills)) ? {} : { skills }),
  run_in_background: (value) => (inJson(value) === true ? { wait_seconds: 0 } : {}),
  description: () => ({}), // A title. Ours is the first line of the prompt.
};

/** `null` is absent. A string is read as JSON where the schema takes no string. */
export function readArguments<Schema extends z.ZodType>(
  schema: Schema,
  given: unknown,
): z.ZodSafeParseResult<z.output<Schema>> {
  const said = withoutNulls(given);
  if (!isObject(said)) return schema.safeParse(said);
  const named = ownNames(said, unknownIn(schema.safeParse(said)));
  const parsed = schema.safeParse(named);
  const refused = parsed.error?.issues.flatMap(({ path: [name] }) => (typeof name === 'string' ? [name] : [])) ?? [];
  if (refused.length === 0) return parsed;
  return schema.safeParse({ ...named, ...Object.fromEntries(refused.map((name) => [name, inJson(named[name])])) });
}

function unknownIn({ error }: z.ZodSafeParseResult<unknown>): string[] {
  const issues = error?.issues ?? [];
  return issues.flatMap((issue) => (issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : []));
}

/** What is said under both names is left, and refused under the one that the tool does not have. */
function ownNames(said: Fields, unknown: readonly string[]): Fields {
  const named = { ...said };
  for (const name of 'prompt' in said ? unknown : []) {
    const own = Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name]?.(said[name]) : undefined;
    if (!own || Object.keys(own).some((one) => one in named)) continue;
    delete named[name];
    Object.assign(named, own);
  }
  return named;
}

const isEmpty = (value: unknown) => Array.isArray(value) && value.length === 0;

/** Text that is no JSON stays what it is. */
function inJson(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return withoutNulls(JSON.parse(value));
  } catch {
    return value;
  }
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const said = Object.entries(value).filter(([, one]) => one !== null && one !== undefined);
  return Object.fromEntries(said.map(([name, one]) => [name, withoutNulls(one)]));
}
