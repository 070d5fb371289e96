/**
 * Shows progress while a command waits at a terminal: the events as `watch` prints them, and below
 * them a line that changes.
 */
import type { ConnectionEvent } from '../../client/connection-watch.js';
import { doingOf, type Progress } from '../../client/watch-progress.js';
import type { TopicEvent } from '../../client/watch-topic.js';
import type { Output } from './output.js';
import { ProgressLog } from './progress-log.js';
import { WatchPrinter } from './watch-printer.js';
import { waitNotes } from './wait-notes.js';
import { duration } from './words.js';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

const CONNECTION: Record<ConnectionEvent, string> = {
  lost: 'Temporal does not answer. This command keeps waiting. Start Temporal again, or press Ctrl-C to leave.',
  back: 'Temporal answers again.',
};

/** A person who answers at this terminal (`answering.ts`). */
interface AtTerminal {
  readonly isOpen: boolean;
  on: (event: TopicEvent) => void;
  show: () => void;
  end: () => void;
}

export interface ProgressLine {
  reporting: { onEvent?: (event: TopicEvent) => void; onConnection?: (event: ConnectionEvent) => void };
  clear: () => void;
}

export function progressLine(output: Output, person?: AtTerminal): ProgressLine {
  const tell = (event: ConnectionEvent) => output.note(CONNECTION[event], event === 'lost' ? 'yellow' : 'dim');
  const notes = waitNotes((line) => output.note(line, 'yellow'));
  if (output.json) return { reporting: { onEvent: notes }, clear: () => undefined };
  if (!output.showsProgress) return loggedProgress(output, tell, notes);
  const printer = new WatchPrinter(output.beside, false);
  const since = performance.now();
  let latest: Progress | undefined;
  let frame = 0;
  const show = () => {
    if (printer.atLineStart && !person?.isOpen)
      output.progress(`${FRAMES[frame++ % FRAMES.length]} ${lineOf(performance.now() - since, latest)}`);
  };
  const timer = setInterval(show, 200);
  return {
    reporting: {
      onEvent(event) {
        if (printer.atLineStart) output.progress('');
        if (event.type === 'progress') latest = event.progress;
        printer.print(event);
        person?.on(event);
      },
      onConnection(event) {
        if (printer.atLineStart) output.progress('');
        printer.end();
        tell(event);
        person?.show();
      },
    },
    clear() {
      clearInterval(timer);
      person?.end();
      if (printer.atLineStart) output.progress('');
      printer.end();
    },
  };
}

function loggedProgress(
  output: Output,
  onConnection: (event: ConnectionEvent) => void,
  notes: (event: TopicEvent) => void,
): ProgressLine {
  const log = new ProgressLog((line) => output.note(line));
  const since = performance.now();
  const timer = setInterval(() => log.look(performance.now() - since), 1000);
  const onEvent = (event: TopicEvent) => (log.on(event), notes(event));
  return { reporting: { onEvent, onConnection }, clear: () => clearInterval(timer) };
}

export function lineOf(elapsedMs: number, progress?: Progress): string {
  const elapsed = duration(Math.floor(elapsedMs / 1000) * 1000)
    .replace('.0 s', ' s')
    .replace('0 ms', '0 s');
  return `${elapsed} · ${doingOf(progress)}`;
}
