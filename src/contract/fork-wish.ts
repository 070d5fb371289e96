/** The field `fork` of a prompt. Pure. Anyone may import this. */
import { isId, type SessionId, type TopicId } from './ids.js';
import { isObject } from './is-object.js';

/** The copy that a prompt asks for. */
export interface ForkWish {
  /** The topic whose session is copied. It stays as it is. */
  topic: TopicId;
  /** One of its sessions. Default: the one that its next prompt would go to. */
  session_id?: SessionId;
  /** The copy ends with this turn of the topic. Default: its last turn in the session that was completed. */
  at?: number;
}

export const FORK_WISH =
  'an object like { "topic": "auth", "at": 3 }: a topic, and if need be one of its sessions (session_id) and the number of a turn, 1 or more';

export function isForkWish(value: unknown): value is ForkWish {
  if (!isObject(value)) return false;
  const { topic, session_id, at, ...others } = value;
  return (
    isId(topic) &&
    (session_id === undefined || isId(session_id)) &&
    (at === undefined || (Number.isSafeInteger(at) && (at as number) > 0)) &&
    Object.keys(others).length === 0
  );
}

/** A fork chooses its session itself, so other fields must not. */
export function contradictionWithFork({ fork, ...request }: Record<string, unknown>): string | undefined {
  if (fork === undefined) return undefined;
  const other = ['session_id', 'adopt', 'when_warm', 'on_lost'].find((name) => request[name] !== undefined);
  const name = other ?? (request['session'] === 'new' || request['session'] === 'resume' ? 'session' : undefined);
  return name === undefined
    ? undefined
    : `Fields "fork" and "${name}" contradict each other: the session of a fork is a new copy of the session that "fork" names.`;
}
