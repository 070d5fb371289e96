/** Reads the flags of a fork. */
import { defined } from '../../contract/defined.js';
import { UsageError } from './usage-error.js';

interface Flags {
  topic?: string;
  session?: string;
  fork?: boolean;
  as?: string;
  at?: number;
  [other: string]: unknown;
}

/** The new topic, and what its first session is a copy of. */
export interface Fork {
  as: string;
  /** Absent: the topic of the session. */
  topic?: string;
  session_id?: string;
  at?: number;
}

/** Flags that choose a session in another way. */
const OTHERS = ['adopt', 'new', 'when-warm', 'on-lost'];

/** `undefined`: the prompt begins none. @throws UsageError */
export function forkOf(flags: Flags): Fork | undefined {
  const { topic, session, fork, as, at } = flags;
  if (!fork) {
    const alone = as !== undefined ? '--as' : at !== undefined ? '--at' : undefined;
    if (alone) throw wrong(`${alone} says something of a copy, and there is no --fork.`);
    return undefined;
  }
  if (as === undefined) throw wrong('--fork opens a new topic, and there is no --as that names it.');
  if (topic === undefined && session === undefined)
    throw wrong('--fork copies the session of a topic, and there is neither --topic nor --session that names it.');
  if (as === topic) throw wrong(`--fork opens a new topic, and --as names the one that is copied, ${topic}.`);
  const other = OTHERS.find((name) => flags[name] !== undefined);
  if (other) throw wrong(`--fork and --${other} exclude each other: the session of a copy is a new one.`);
  if (at === 0) throw wrong('--at takes the number of a turn, 1 or more; got 0.');
  return { as, ...defined({ topic, session_id: session, at }) };
}

const wrong = (message: string) => new UsageError(message, 'See: continuity delegate --help');
