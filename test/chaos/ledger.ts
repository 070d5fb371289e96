/**
 * What the clients know, outside of everything that is tested: one line per fact, appended before
 * the next step is taken.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { TurnResult } from '../../src/contract/types.js';

export type Fact =
  | { what: 'sending' }
  /** The client was told that it is in history. */
  | { what: 'accepted' }
  | { what: 'outcome'; outcome: TurnResult }
  /** Nothing that a caller should ever see. */
  | { what: 'error'; message: string };

export type Entry = { at: number; label: string; topic: string } & Fact;

export class Ledger {
  constructor(private readonly file: string) {}

  note(entry: Entry): void {
    appendFileSync(this.file, `${JSON.stringify(entry)}\n`);
  }

  /** A last line that a kill has cut short is no fact. */
  read(): Entry[] {
    if (!existsSync(this.file)) return [];
    const lines = readFileSync(this.file, 'utf8').split('\n');
    return lines.slice(0, -1).flatMap((line) => {
      try {
        return [JSON.parse(line) as Entry];
      } catch {
        return []; // Cut short, and continued by the next process on the same line.
      }
    });
  }
}
