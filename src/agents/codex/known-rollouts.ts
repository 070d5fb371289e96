/**
 * The rollouts of threads that were looked at before. A look reads what the file has gained since
 * then. Of the turns before the newest ones, only the ids of their inputs are kept.
 */
import { GrowingFile } from '../shared/growing-file.js';
import { RecentlyUsed } from '../shared/recently-used.js';
import { RolloutReader, parseRollout, type CodexTurn, type Rollout } from './rollout.js';

const THREADS = 100;
/** So many turns with an input are kept whole. */
const WHOLE_TURNS = 3;

interface Known {
  file: GrowingFile;
  reader: RolloutReader;
  /** So many turns from the first one on were cut. */
  cut: number;
  /** What they had as input cannot be found without its text: it was stored without its id. */
  isNameless: boolean;
  cutInputs: Set<string>;
}

const newKnown = (path: string): Known => ({
  file: new GrowingFile(path),
  reader: new RolloutReader(),
  cut: 0,
  isNameless: false,
  cutInputs: new Set(),
});

export class KnownRollouts {
  readonly #known = new RecentlyUsed<Known>(THREADS);

  /**
   * With the turn of this prompt whole. `readFile` reads the whole file.
   *
   * @throws ENOENT
   */
  async read(path: string, key: string | undefined, readFile: () => Promise<string>): Promise<Rollout> {
    const known = this.#known.get(path, () => newKnown(path));
    if (!(await this.#readOn(path, known))) return parseRollout(await readFile());
    const isCut = known.isNameless || (key !== undefined && known.cutInputs.has(key));
    return isCut ? parseRollout(await readFile()) : known.reader.rollout();
  }

  /** @returns whether the reader has all that the file has */
  async #readOn(path: string, known: Known): Promise<boolean> {
    try {
      const gained = await known.file.gained();
      if (!gained) return false;
      if (gained.isWhole) Object.assign(known, { ...newKnown(path), file: known.file });
      for (const line of gained.lines) known.reader.line(line);
      cutOld(known);
      return true;
    } catch (error) {
      // The reader may have only some of the lines, and they are not read twice.
      if (this.#known.get(path, () => known) === known) this.#known.delete(path);
      throw error;
    }
  }
}

const hasInput = ({ entries }: CodexTurn) => entries.some(({ type }) => type === 'input');

/** A turn is changed only after it was cut where Codex stores something late, and that is not read. */
function cutOld(known: Known): void {
  const { turns } = known.reader;
  let at = turns.length;
  for (let found = 0; found < WHOLE_TURNS; found++) {
    at = turns.findLastIndex((turn, index) => index < at && index >= known.cut && hasInput(turn));
    if (at < 0) return;
  }
  for (const turn of turns.slice(known.cut, at)) {
    known.reader.forget(turn);
    for (const entry of turn.entries) {
      if (entry.type !== 'input') continue;
      if (entry.id !== undefined) known.cutInputs.add(entry.id);
      else if (!entry.recorded) known.isNameless = true;
    }
  }
  known.cut = at;
}
