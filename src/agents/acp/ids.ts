/** Names that we give: of a prompt, of a store, of what we keep on the disk. */
import { createHash } from 'node:crypto';
import { basename, isAbsolute } from 'node:path';
import type { PromptId } from '../../contract/ids.js';
import type { SessionRef } from '../agent.js';
import type { PromptKey } from '../driver.js';

const digest = (...facts: string[]) => createHash('sha256').update(JSON.stringify(facts)).digest('hex');

/** The session is part of it: a lost session's prompt may be asked again in another. */
export function keyOf({ session_id, store }: SessionRef, prompt: PromptId): PromptKey {
  return digest('prompt', store, session_id, prompt).slice(0, 40) as PromptKey;
}

/**
 * ACP does not say where an agent keeps its sessions. So the store is the agent, by its command
 * without what an upgrade may change: the program's folder, flags, and the version of a package.
 */
export function storeOf([program = '', ...args]: readonly string[]): string {
  const words = args
    .filter((arg) => !arg.startsWith('-'))
    .map((arg) => (isAbsolute(arg) ? basename(arg) : arg.replace(/(?<=.)@[^/@]*$/, '')));
  return `acp:${[basename(program), ...words].join(' ')}`;
}

/** Of all processes of one run. `folder` is of this data directory alone. */
export function markOf(folder: string, run: string): string {
  return `acp-${digest(folder).slice(0, 12)}-${run}`;
}

export const digestOf = (text: string) => digest(text).slice(0, 40);
