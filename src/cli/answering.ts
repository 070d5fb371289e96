/**
 * Lets a person at a terminal answer what a turn asks, while a command waits for that turn. The
 * terminal stays in its line mode: it echoes and edits the line, and Ctrl-C is a signal as ever.
 */
import { createInterface, type Interface } from 'node:readline';
import type { SessionManager } from '../client/session-manager.js';
import { SessionError } from '../client/session-error.js';
import { toldOf } from '../client/told.js';
import type { TopicEvent } from '../client/watch-topic.js';
import type { Ask } from '../contract/asks.js';
import type { TopicView } from '../contract/views.js';
import { howToType, typedAnswer } from './args/typed-answer.js';
import type { Output } from './terminal/output.js';
import { answerCommand } from './terminal/waiting-text.js';

/** A line that arrives sooner was typed before the person could read what is asked. */
const READ_WITHIN_MS = 200;

export type Answers = Pick<SessionManager, 'answer'>;

interface Open {
  topic: string;
  ask: Ask;
  lines: Interface;
  since: number;
  /** Its answer is on the way, or was taken. */
  answered: boolean;
}

export class Answering {
  #open: Open | undefined;
  /** The ask that the person left to others, with Ctrl-D. */
  #left: string | undefined;

  constructor(
    private readonly output: Output,
    private readonly manager: Answers,
    private readonly stdin: NodeJS.ReadStream = process.stdin,
  ) {}

  /** Whether the last line of the terminal is the person's. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  on(event: TopicEvent): void {
    if (event.type === 'view') this.#see(event.view);
    this.show();
  }

  /** Shows again what can be typed, after something was printed. */
  show(): void {
    if (!this.#open || this.#open.answered) return;
    this.output.progress('');
    this.output.beside.write(`${this.output.beside.styled('bold', howToType(this.#open.ask))} › `);
  }

  /** The turn has ended, perhaps before its view was seen. */
  ended(): void {
    const open = this.#open;
    this.end();
    if (open && !open.answered) this.output.note('It was answered elsewhere, or is no longer asked.');
  }

  end(): void {
    const open = this.#open;
    this.#open = undefined;
    if (!open) return;
    open.lines.close();
    this.output.progress('');
  }

  #see({ topic, running }: TopicView): void {
    const ask = running?.waiting?.for === 'answer' ? running.waiting.ask : undefined;
    const open = this.#open;
    if (open && open.ask.ask_id !== ask?.ask_id) {
      this.end();
      if (!open.answered) this.output.note(endedHow(running));
    }
    if (ask && !this.#open && ask.ask_id !== this.#left) this.#ask(topic, ask);
  }

  #ask(topic: string, ask: Ask): void {
    const lines = createInterface({ input: this.stdin, terminal: false });
    const open: Open = { topic, ask, lines, since: performance.now(), answered: false };
    this.#open = open;
    lines.on('line', (line) => void this.#typed(open, line));
    lines.on('close', () => {
      if (this.#open !== open) return;
      this.#left = ask.ask_id;
      this.end();
      this.output.note(`Not answered here. Answer it elsewhere: ${answerCommand(topic, ask)}`);
    });
  }

  async #typed(open: Open, line: string): Promise<void> {
    if (this.#open !== open || open.answered) return;
    if (performance.now() - open.since < READ_WITHIN_MS) return this.show();
    const typed = typedAnswer(open.ask, line);
    if ('again' in typed) {
      this.output.note(typed.again, 'yellow');
      return this.show();
    }
    open.answered = true;
    try {
      await this.manager.answer(open.topic, typed);
    } catch (error) {
      if (this.#open !== open) return;
      if (error instanceof SessionError && error.code === 'ASK_UNKNOWN')
        return this.output.note('It was answered elsewhere, or is no longer asked.');
      this.output.problem(toldOf(error).error);
      open.answered = false;
      this.show();
    }
  }
}

function endedHow(running: TopicView['running']): string {
  const last = running?.asks?.at(-1);
  if (!last) return 'It is no longer asked.';
  return last.by === 'time' ? 'The time to answer is over.' : 'It was answered elsewhere, not here.';
}
