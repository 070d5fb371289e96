/**
 * The rows of sessions that were looked at before. A look reads what the file has gained since then.
 * Of what lies before the newest prompts, only what the chain of rows needs is kept.
 */
import { GrowingFile } from '../shared/growing-file.js';
import { RecentlyUsed } from '../shared/recently-used.js';
import { blocksOf, readRows, rowsIn, unreadable, type Row } from './rows.js';
import { isPrompt } from './turn-state.js';

const SESSIONS = 100;
/** The turns of so many prompts are kept whole. */
const WHOLE_PROMPTS = 3;
/** Of a text. Long enough to see that a person has interrupted a turn. */
const KEPT_LENGTH = 60;

interface Known {
  file: GrowingFile;
  rows: Row[];
  /** So many rows from the first one on were cut. */
  cut: number;
  /** Their ids. */
  cutIds: Set<string>;
}

export class KnownRows {
  readonly #known = new RecentlyUsed<Known>(SESSIONS);

  /**
   * As `readRows`, with the turn of this prompt whole.
   *
   * @throws AgentError SETUP_INCOMPLETE when the file cannot be read
   */
  async read(path: string, prompt?: string): Promise<Row[] | undefined> {
    const newKnown = () => ({ file: new GrowingFile(path), rows: [], cut: 0, cutIds: new Set<string>() });
    const known = this.#known.get(path, newKnown);
    const isComplete = await this.#readOn(path, known);
    if (!isComplete || (prompt !== undefined && known.cutIds.has(prompt))) return readRows(path);
    return [...known.rows];
  }

  /** @returns whether the rows are all that the file has */
  async #readOn(path: string, known: Known): Promise<boolean> {
    try {
      const gained = await known.file.gained();
      if (!gained) return false;
      if (gained.isWhole) Object.assign(known, { rows: [], cut: 0, cutIds: new Set<string>() });
      for (const line of gained.lines) for (const row of rowsIn(line)) known.rows.push(row);
      cutOld(known);
      return true;
    } catch (error) {
      this.#known.delete(path);
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return false;
      throw unreadable(path, error, true);
    }
  }
}

function cutOld(known: Known): void {
  const { rows } = known;
  let at = rows.length;
  for (let prompts = 0; prompts < WHOLE_PROMPTS; prompts++) {
    at = rows.findLastIndex((row, index) => index < at && index >= known.cut && !row.isSidechain && isPrompt(row));
    if (at < 0) return;
  }
  for (let index = known.cut; index < at; index++) {
    known.cutIds.add(rows[index]!.uuid);
    rows[index] = cut(rows[index]!);
  }
  known.cut = at;
}

/**
 * A text of its own: a slice would keep the whole text in memory. A row of another
 * writer may have something else than a text.
 */
function startOf(text: unknown): string {
  return typeof text === 'string' ? Buffer.from(text.slice(0, KEPT_LENGTH)).toString() : '';
}

function cut({ toolUseResult: _, attachment, message, ...row }: Row): Row {
  const short: Row = { ...row, ...(attachment && { attachment: { type: attachment.type } }) };
  if (!message) return short;
  const content = blocksOf({ ...row, message }).map(({ type, text }) => ({
    type,
    ...(text !== undefined && { text: startOf(text) }),
  }));
  return { ...short, message: { ...message, content } };
}
