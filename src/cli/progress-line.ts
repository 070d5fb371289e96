/** What happens in the topic while somebody waits at a terminal: as `watch` shows it, above a line that changes. */
import type { ConnectionEvent } from '../client/connection-watch.js';
import { doingOf, type Progress } from '../client/watch-progress.js';
import type { TopicEvent } from '../client/watch-topic.js';
import type { Output } from './output.js';
import { WatchPrinter } from './watch-printer.js';
import { duration } from './words.js';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

const CONNECTION: Record<ConnectionEvent, string> = {
  lost: 'Temporal does not answer. The wait goes on; start Temporal again, or press Ctrl-C to leave.',
  back: 'Temporal answers again.',
};

export interface ProgressLine {
  /** Empty where the answer is JSON. Outside of a terminal only a lost connection is reported. */
  reporting: { onEvent?: (event: TopicEvent) => void; onConnection?: (event: ConnectionEvent) => void };
  clear: () => void;
}

export function progressLine(output: Output): ProgressLine {
  const tell = (event: ConnectionEvent) => output.note(CONNECTION[event], event === 'lost' ? 'yellow' : 'dim');
  if (!output.showsProgress) return { reporting: output.json ? {} : { onConnection: tell }, clear: () => undefined };
  const printer = new WatchPrinter(output.beside, false);
  const since = performance.now();
  let latest: Progress | undefined;
  let frame = 0;
  const show = () => {
    if (printer.atLineStart) output.progress(`${FRAMES[frame++ % FRAMES.length]} ${lineOf(performance.now() - since, latest)}`);
  };
  const timer = setInterval(show, 200);
  return {
    reporting: {
      onEvent(event) {
        if (printer.atLineStart) output.progress('');
        if (event.type === 'progress') latest = event.progress;
        printer.print(event);
      },
      onConnection(event) {
        if (printer.atLineStart) output.progress('');
        printer.end();
        tell(event);
      },
    },
    clear() {
      clearInterval(timer);
      if (printer.atLineStart) output.progress('');
      printer.end();
    },
  };
}

export function lineOf(elapsedMs: number, progress?: Progress): string {
  const elapsed = duration(Math.floor(elapsedMs / 1000) * 1000).replace('.0 s', ' s').replace('0 ms', '0 s');
  return `${elapsed} · ${doingOf(progress)}`;
}
