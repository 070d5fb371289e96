/**
 * Notes facts about a prompt that the agent's own store does not have. Each fact is a file, which
 * is on disk before the deed that it is about.
 *
 * - `cancelled`: if a turn is aborted while OpenCode 1.18.33 asks its provider again, the turn
 *   looks like one that a crash cut off, and would be resumed.
 * - `put`: an attempt that died may have put the prompt in a moment ago. Written only for agents
 *   that a second put of the same prompt would harm.
 * - `parked`: the turn was cut off because its provider refuses for long, and will go on. It looks
 *   like one that a person stopped.
 * - `let_in`: the prompt enters its session. Written only if that had to be decided.
 * - `compaction`: the agent compacts the conversation first, and how far it has come.
 * - `begun`: when this machine first worked on the turn. What was started later may be the turn's.
 */
import { access, mkdir, opendir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writePrivateFile } from '../../host/private-file.js';
import type { PromptKey } from '../driver.js';

export type PromptFact = 'cancelled' | 'put' | 'parked' | 'let_in' | 'compaction' | 'begun';

/**
 * Notes outlive every attempt at the prompt by far: a topic waits 4 days for its host, and a turn
 * works for hours.
 */
const KEPT_FOR_MS = 90 * 24 * 60 * 60 * 1000;
/** How many files one pruning looks at. */
const MOST_LOOKED_AT = 10_000;

export class PromptNotes {
  readonly #folders: Record<PromptFact, string>;

  constructor(folder: string) {
    const of = (fact: PromptFact) => join(folder, fact);
    this.#folders = {
      cancelled: of('cancelled'),
      put: of('put'),
      parked: of('parked'),
      let_in: of('let_in'),
      compaction: of('compaction'),
      begun: of('begun'),
    };
  }

  /**
   * The note is durable once `add` returns. A key is also a file name: letters, digits, `_` and
   * `-`. What the note of a begin is about does not outlive a power cut.
   */
  async add(fact: PromptFact, key: PromptKey, text = ''): Promise<void> {
    await writePrivateFile(join(this.#folders[fact], key), text, { durable: fact !== 'begun' });
  }

  /** The text of a note. `undefined` when there is no such note. */
  async read(fact: PromptFact, key: PromptKey): Promise<string | undefined> {
    return readFile(join(this.#folders[fact], key), 'utf8').catch(() => undefined); // ENOENT
  }

  async has(fact: PromptFact, key: PromptKey): Promise<boolean> {
    try {
      await access(join(this.#folders[fact], key));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error; // The turn may have been cancelled, and must not be resumed.
    }
  }

  async remove(fact: PromptFact, key: PromptKey): Promise<void> {
    await rm(join(this.#folders[fact], key), { force: true });
  }

  /** Removes old notes. The work is bounded; the next pruning removes what this one leaves. */
  async prune(now = Date.now()): Promise<void> {
    let looked = 0;
    for (const folder of Object.values(this.#folders)) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      for await (const { name } of await opendir(folder)) {
        if (++looked > MOST_LOOKED_AT) return;
        const file = join(folder, name);
        if ((await stat(file)).mtimeMs < now - KEPT_FOR_MS) await rm(file, { force: true });
      }
    }
  }
}
