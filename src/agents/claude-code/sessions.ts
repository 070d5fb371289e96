/**
 * The sessions of the store, which a person may have begun. A session is found again only in the
 * directory that its folder is named for, so that directory is what is told of it.
 */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { defined } from '../../contract/defined.js';
import { failure } from '../../contract/failures.js';
import type { SessionId } from '../../contract/ids.js';
import { AgentError, type StoredSession } from '../agent.js';
import { firstLinesOf, isGone } from '../shared/file-head.js';
import { firstPromptOf, newestFirst, sessionsIn, writtenAt } from '../shared/stored-sessions.js';
import { isSessionId } from './ids.js';
import { blocksOf, isSynthetic, readRows, rowsIn, textOf, unreadable, type Row } from './rows.js';
import { sessionFileOf } from './store.js';
import { isPrompt } from './turn-state.js';

/** The first prompt and answer of most sessions are in there. */
const HEAD_BYTES = 64 * 1024;
/** Of a session whose first prompt or answer is not: the prompt may hold a picture. */
const LONG_HEAD_BYTES = 1024 * 1024;

/** What Claude Code puts in for a command of its own, such as `/clear`. */
const COMMAND = /^<(local-)?command-/;

export async function storedSessions(store: string): Promise<StoredSession[]> {
  const folders = await namesIn(store);
  const files = await Promise.all(
    folders.map(async (folder) => {
      const names = await namesIn(join(store, folder)).catch(() => []); // EACCES, ELOOP: it hides no other.
      return names.map((name) => join(store, folder, name));
    }),
  );
  return sessionsIn(files.flat().filter(isSession), async (file) => {
    const rows = rowsIn((await firstLinesOf(file, HEAD_BYTES)).join('\n'));
    const isEnough = rows.some(isAsked) && rows.some(isAnswer);
    return sessionOf(store, file, isEnough ? rows : await longer(file));
  });
}

const longer = async (file: string) => rowsIn((await firstLinesOf(file, LONG_HEAD_BYTES)).join('\n'));

/**
 * @throws AgentError CWD_MISSING where the session is there and no directory leads to it,
 * SETUP_INCOMPLETE where it may be in a file that cannot be read
 */
export async function findSession(store: string, session: SessionId): Promise<StoredSession | undefined> {
  if (!isSessionId(session)) return undefined;
  const files = (await namesIn(store)).map((folder) => join(store, folder, `${session}.jsonl`));
  const copies = await Promise.allSettled(
    files.map(async (file) => sessionOf(store, file, (await readRows(file)) ?? [])),
  );
  const found = copies.flatMap((copy) => (copy.status === 'fulfilled' ? (copy.value ?? []) : []));
  newestFirst(found);
  const [newest] = found;
  if (!newest) {
    const [broken] = copies.flatMap((copy, at) =>
      copy.status === 'rejected' ? unreadable(files[at] ?? store, causeOf(copy.reason), false) : [],
    );
    if (broken) throw broken;
    return undefined;
  }
  const usable = found.find(({ isReached }) => isReached);
  if (usable) return usable;
  const message = `Claude Code keeps session ${session} for another directory than ${newest.cwd}, in which it was used: it was moved.`;
  throw new AgentError(
    failure('CWD_MISSING', message, 'Move the directory back to where the session was begun.'),
    false,
  );
}

const causeOf = (reason: unknown) => (reason instanceof AgentError ? reason.cause : reason);

/** undefined: the file has no message yet. */
async function sessionOf(store: string, file: string, rows: Row[]) {
  const directories = [...new Set(rows.flatMap(({ cwd }) => cwd ?? []))];
  const [first] = directories;
  const updated_at = first && (await writtenAt(file));
  if (first === undefined || updated_at === undefined || !rows.some((row) => blocksOf(row).length > 0))
    return undefined;
  const session_id = basename(file, '.jsonl') as SessionId;
  const reaches = await Promise.all(
    directories.map(async (cwd) => (await sessionFileOf(store, { session_id, cwd })) === file),
  );
  const asked = rows.find(isAsked);
  const model = rows.findLast(isAnswer)?.message?.model;
  return {
    session_id,
    cwd: directories[reaches.indexOf(true)] ?? first,
    updated_at,
    ...defined({ first_prompt: asked && firstPromptOf(textOf(asked)), model }),
    /** Whether Claude Code finds the session from that directory. */
    isReached: reaches.includes(true),
  };
}

const isSession = (file: string) => file.endsWith('.jsonl') && isSessionId(basename(file, '.jsonl'));

const isAnswer = (row: Row) => row.type === 'assistant' && !row.isSidechain && !isSynthetic(row);

const isAsked = (row: Row) => isPrompt(row) && !row.isSidechain && !COMMAND.test(textOf(row));

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isGone(error)) return []; // Also a file where a folder is expected.
    throw error;
  }
}
