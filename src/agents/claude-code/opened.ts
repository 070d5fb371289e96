/**
 * Claude Code stores a session with its first prompt. A note lists each session that we opened and
 * have not yet seen in the store: only such a session may be started. Any other session that the
 * store does not have is lost, and never silently started again.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { defined } from '../../contract/defined.js';
import type { SessionId } from '../../contract/ids.js';
import { writePrivateFile } from '../../host/private-file.js';

/** The note itself says that the session was opened. Its fields may be absent. */
export interface Opened {
  /** For people. */
  title?: string;
  /** The session begins as a copy. */
  fork?: ForkedFrom;
}

export interface ForkedFrom {
  session_id: SessionId;
  /** Its working directory. */
  cwd: string;
  /** The last row of the copy. */
  at: string;
}

export class OpenedSessions {
  /** Sessions of which this process knows that they have no note. */
  readonly #seen = new Set<SessionId>();

  constructor(private readonly folder: string) {}

  /** The note is durable once `add` returns. */
  async add(session: SessionId, opened: Opened): Promise<void> {
    this.#seen.delete(session);
    await writePrivateFile(join(this.folder, session), JSON.stringify(opened), { durable: true });
  }

  /** `undefined` when the session was seen in the store, or is not ours. */
  async of(session: SessionId): Promise<Opened | undefined> {
    if (this.#seen.has(session)) return undefined;
    try {
      return openedIn(await readFile(join(this.folder, session), 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error; // Without the note, it cannot be decided whether the session is lost.
    }
  }

  /**
   * Call it when the store has the session. From then on, the session is lost when the store does
   * not have it.
   */
  async seen(session: SessionId): Promise<void> {
    if (this.#seen.has(session)) return;
    await rm(join(this.folder, session), { force: true });
    this.#seen.add(session);
  }
}

const Note = z.object({
  title: z.string().optional().catch(undefined),
  fork: z.object({ session_id: z.string(), cwd: z.string(), at: z.string() }).optional(),
});

/** @throws ZodError when a copy's original can't be read. Otherwise the copy would begin empty. */
function openedIn(text: string): Opened {
  const { title, fork } = Note.parse(noteIn(text));
  return defined({ title, fork: fork as ForkedFrom | undefined });
}

/** After a broken write, the file can have any content. */
function noteIn(text: string): object {
  try {
    const note = JSON.parse(text) as unknown;
    return typeof note === 'object' && note !== null ? note : {};
  } catch {
    return {}; // SyntaxError
  }
}
