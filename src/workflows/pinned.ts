/** What a session has pinned, compared with what a request names. Pure. */
import { sameDirectory } from '../contract/directory.js';
import { failure, type Failure } from '../contract/failures.js';
import type { SessionRecord } from '../contract/state.js';
import type { Pinned, PromptRequest } from '../contract/types.js';

/** What a session has pinned, and a request can name. */
export const PINNED_FIELDS = ['agent', 'category', 'model', 'skills', 'cwd'] as const;
export type PinnedField = (typeof PINNED_FIELDS)[number];

/** Why a session can't take a request that names it. `fixed`: what can't change in a session. */
export function deviationFrom(
  { session_id, pinned }: SessionRecord,
  request: PromptRequest,
  fixed: readonly PinnedField[],
): Failure | undefined {
  const [field] = differencesOf({ pinned }, request, fixed);
  if (field === undefined) return undefined;
  const has = pinned[field] === undefined ? 'none' : `"${String(pinned[field])}"`;
  const message = `Session ${session_id} has ${field} ${has} pinned; "${String(request[field])}" was asked for.`;
  return failure('SESSION_PINNED', message);
}

/** The fields in which an explicit request differs from what the session has pinned. */
export function differencesOf(
  { pinned }: Pick<SessionRecord, 'pinned'>,
  request: PromptRequest,
  fields: readonly PinnedField[] = PINNED_FIELDS,
): PinnedField[] {
  return fields.filter((field) => {
    const asked = request[field];
    if (field === 'cwd' && asked !== undefined && sameDirectory(asked as string, originOf(pinned))) return false;
    return asked !== undefined && !isAs(field, asked, pinned[field], pinned.asked_cwd);
  });
}

/** The caller's directory, for a session that works in a work tree of its own. */
function originOf({ cwd, workspace }: Pinned): string | undefined {
  return workspace && workspace.from + cwd.slice(workspace.directory.length);
}

function isAs(
  field: PinnedField,
  asked: string | string[],
  has: string | string[] | undefined,
  askedCwd?: string,
): boolean {
  if (field === 'cwd') return sameDirectory(asked as string, askedCwd) || sameDirectory(asked as string, has as string);
  if (Array.isArray(asked)) return JSON.stringify(named(asked)) === JSON.stringify(named((has ?? []) as string[]));
  return asked === has;
}

/** Skills are compared as a set. */
const named = (skills: string[]) => [...new Set(skills)].sort();
