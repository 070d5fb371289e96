/** A notify command that appends what it was told to a file, and what stands in that file. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NoticeEvent } from '../../src/contract/notices.js';

export interface Told {
  run: string;
  file: string;
  /** One line for each time that the command ran. */
  lines: () => string[];
  events: () => { words: string; event: NoticeEvent }[];
}

export function toldIn(dir: string): Told {
  const file = join(dir, randomUUID());
  const lines = () => linesOf(file);
  return {
    file,
    lines,
    run: `echo "$CONTINUITY_TOPIC $CONTINUITY_PROMPT_ID $CONTINUITY_EVENT $CONTINUITY_STATUS $(cat)" >> ${file}`,
    events: () =>
      lines().map((line) => {
        const at = line.indexOf('{');
        return { words: line.slice(0, at - 1), event: JSON.parse(line.slice(at)) as NoticeEvent };
      }),
  };
}

export function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(0, -1);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []; // It has not run yet.
    throw error;
  }
}
