/** Reports on one line each what a turn waits for, where no person can answer: to a log, or beside JSON. */
import type { TopicEvent } from '../../client/watch-topic.js';
import { waitingNote } from './waiting-text.js';

export function waitNotes(write: (line: string) => void): (event: TopicEvent) => void {
  let noted: string | undefined;
  return (event) => {
    if (event.type !== 'view') return;
    const { topic, running } = event.view;
    const waiting = running?.waiting;
    if (waiting && waiting.since !== noted) write(waitingNote(topic, waiting, Date.now()));
    else if (!waiting && noted !== undefined) write(`Topic ${topic} no longer waits.`);
    noted = waiting?.since;
  };
}
