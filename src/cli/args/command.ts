/** The shape of a command. This module loads nothing, because `--help` must be quick. */
import type { Output } from '../terminal/output.js';

export interface Flag {
  /** `optional`: a flag without a value is `true`. `list`: the flag may be given several times. */
  kind: 'switch' | 'text' | 'optional' | 'list' | 'port' | 'count';
  /** The name of the value in help. */
  value?: string;
  help: string;
}
export type Flags = Record<string, Flag>;

export interface Positional {
  name: string;
  required: boolean;
  /** Any number of words. Only the last one. */
  rest?: true;
}

interface KindValues {
  switch: boolean;
  text: string;
  optional: string | true;
  list: string[];
  port: number;
  count: number;
}
export type FlagValues<F extends Flags> = { -readonly [Name in keyof F]?: KindValues[F[Name]['kind']] };
export type ArgValues<A extends readonly Positional[]> = {
  [Arg in A[number] as Arg['name']]: Arg extends { rest: true }
    ? string[]
    : Arg['required'] extends true
      ? string
      : string | undefined;
};

export const GLOBAL_FLAGS = {
  cwd: { kind: 'text', value: 'DIR', help: 'Run as if started in DIR, with its config and its project.' },
  'data-dir': {
    kind: 'text',
    value: 'DIR',
    help: 'Directory of databases, logs and locks. Also: CONTINUITY_DATA_DIR.',
  },
  json: { kind: 'switch', help: 'Print the answer as one JSON document.' },
  help: { kind: 'switch', help: 'Print this text.' },
} as const satisfies Flags;

export interface Said<F extends Flags, A extends readonly Positional[]> {
  flags: FlagValues<F & typeof GLOBAL_FLAGS>;
  args: ArgValues<A>;
  output: Output;
}

export interface Command<F extends Flags = Flags, A extends readonly Positional[] = readonly Positional[]> {
  name: string;
  /** One sentence. */
  summary: string;
  flags: F;
  args: A;
  /** Each example is a command line and what it does. */
  examples: readonly (readonly [line: string, does: string])[];
  /** @returns the exit code; undefined means 0 */
  run(said: Said<F, A>): Promise<number | void>;
}

export function command<const F extends Flags, const A extends readonly Positional[]>(
  definition: Command<F, A>,
): Command {
  return definition;
}
