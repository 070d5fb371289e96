/**
 * Reports a wait to stderr when stderr is not a terminal: few lines that stay, for a script's log.
 * A short wait reports nothing. Each line reports a change, and the gaps grow, so a wait of hours
 * prints about forty lines.
 */
import { doingOf, type Progress } from '../../client/watch-progress.js';
import { waitingWords } from '../../client/waiting-words.js';
import type { TopicEvent } from '../../client/watch-topic.js';
import type { TopicView } from '../../contract/views.js';
import { count, duration } from './words.js';

const FIRST_AFTER_MS = 5_000;
const GAP_GROWS_BY = 1.5;
const LONGEST_GAP_MS = 5 * 60_000;

export class ProgressLog {
  #view: TopicView | undefined;
  #progress: Progress | undefined;
  #unanswered = false;
  #said = '';
  #dueAt = FIRST_AFTER_MS;
  #gap = FIRST_AFTER_MS;

  constructor(private readonly write: (line: string) => void) {}

  on(event: TopicEvent): void {
    this.#unanswered = event.type === 'unanswered';
    if (event.type === 'progress') this.#progress = event.progress;
    if (event.type !== 'view') return;
    // The progress belongs to the previous turn.
    if (event.view.running?.turn !== this.#view?.running?.turn) this.#progress = undefined;
    this.#view = event.view;
  }

  /** Writes a line when one is due. Call it regularly. */
  look(elapsedMs: number): void {
    const now = this.#now();
    if (elapsedMs < this.#dueAt || now === this.#said) return;
    this.write(`${duration(Math.floor(elapsedMs / 1000) * 1000)} · ${now}`);
    this.#said = now;
    this.#dueAt = elapsedMs + this.#gap;
    this.#gap = Math.min(this.#gap * GAP_GROWS_BY, LONGEST_GAP_MS);
  }

  #now(): string {
    if (this.#unanswered)
      return 'no worker answers for the topic; continuity keeps asking. Start one with: continuity worker';
    const { topic, running, queue = [] } = this.#view ?? {};
    if (running === undefined)
      return topic === undefined ? 'waiting for the topic to answer' : `topic ${topic} · waiting for the turn to begin`;
    const host = running.waiting_for_host;
    // The text grows all the time, which is no news for a log.
    const doing =
      this.#progress?.text_tail !== undefined && this.#progress.step === undefined
        ? 'the agent answers'
        : doingOf(this.#progress);
    const parts = [
      `topic ${topic}`,
      `turn ${running.turn}, prompt ${running.prompt_id}`,
      running.waiting
        ? waitingWords(running.waiting)
        : host === undefined
          ? doing
          : `waits for host ${host}; start a worker there: continuity worker`,
      queue.length > 0 && `${count(queue.length, 'prompt')} queued`,
    ];
    return parts.filter(Boolean).join(' · ');
  }
}
