/** What the turn is doing, on a line that changes, for a person at a terminal. */
import type { Progress } from '../client/watch-progress.js';
import type { Output } from './output.js';
import { duration, oneLine } from './words.js';

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
  const parts = [duration(Math.floor(elapsedMs / 1000) * 1000).replace('.0 s', ' s').replace('0 ms', '0 s')];
  if (!progress) parts.push('waiting for the turn to begin');
  else {
    const { attempt, last_failure } = progress;
    if (attempt > 1) parts.push(`attempt ${attempt}${last_failure === undefined ? '' : ` (${oneLine(last_failure, 80)})`}`);
    parts.push(oneLine(progress.step ?? progress.text_tail?.slice(-80) ?? 'thinking', 80));
  }
  return parts.join(' · ');
}
