/** What the turn is doing, on a line that changes, for a person at a terminal. */
import { doingOf, type Progress } from '../client/watch-progress.js';
import type { Output } from './output.js';
import { duration } from './words.js';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

export interface ProgressLine {
  /** Empty where nobody would see it. */
  reporting: { onProgress?: (progress: Progress) => void };
  clear: () => void;
}

export function progressLine(output: Output): ProgressLine {
  if (!output.showsProgress) return { reporting: {}, clear: () => undefined };
  const since = performance.now();
  let latest: Progress | undefined;
  let frame = 0;
  const timer = setInterval(() => output.progress(`${FRAMES[frame++ % FRAMES.length]} ${lineOf(performance.now() - since, latest)}`), 200);
  return {
    reporting: { onProgress: (progress) => (latest = progress) },
    clear: () => {
      clearInterval(timer);
      output.progress('');
    },
  };
}

export function lineOf(elapsedMs: number, progress?: Progress): string {
  const elapsed = duration(Math.floor(elapsedMs / 1000) * 1000).replace('.0 s', ' s').replace('0 ms', '0 s');
  return `${elapsed} · ${doingOf(progress)}`;
}
