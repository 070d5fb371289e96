/**
 * Prints the events of a topic as lines that stay. They fit a terminal of any width, a pipe and a
 * log.
 */
import type { TopicEvent } from '../../client/watch-topic.js';
import { askedWords } from '../../client/waiting-words.js';
import type { AskedInTurn } from '../../contract/asks.js';
import type { TurnResult } from '../../contract/types.js';
import type { TopicView } from '../../contract/views.js';
import type { Output } from './output.js';
import { waitingLines } from './waiting-text.js';
import { count, duration, oneLine } from './words.js';

export class WatchPrinter {
  #before: TopicView | undefined;
  #headline = '';
  #step = '';
  /** Whether the last line is unfinished text of the agent. */
  #midLine = false;

  constructor(
    private readonly output: Pick<Output, 'write' | 'styled'>,
    /**
     * Whether outcomes are printed. A command that waits for an outcome prints it in full itself.
     */
    private readonly tellsOutcomes = true,
  ) {}

  /** Whether the next text starts on a new line. */
  get atLineStart(): boolean {
    return !this.#midLine;
  }

  print(event: TopicEvent): void {
    if (event.type === 'view') return this.#view(event.view);
    if (event.type === 'unanswered')
      return this.#line(
        'No worker answers for the topic. continuity keeps asking. Start one with: continuity worker',
        'yellow',
      );
    const { step = '', attempt, last_failure } = event.progress;
    if (event.text) this.#text(event.text);
    const doing =
      attempt > 1
        ? `${step} (attempt ${attempt}${last_failure === undefined ? '' : `: ${oneLine(last_failure, 80)}`})`
        : step;
    if (doing.trim() && doing !== this.#step) this.#line(`  · ${oneLine(doing, 200)}`, 'dim');
    this.#step = doing;
  }

  end(): void {
    if (this.#midLine) this.#text('\n');
  }

  #view(view: TopicView): void {
    const known = new Set(this.#before?.outcomes.map(({ prompt_id }) => prompt_id));
    // Of the outcomes before this watch, only the last is printed.
    const news = this.#before
      ? view.outcomes.filter(({ prompt_id }) => !known.has(prompt_id))
      : view.outcomes.slice(-1);
    if (this.tellsOutcomes)
      for (const outcome of news) {
        // Answers that came with the end of their turn.
        if (outcome.turn === this.#before?.running?.turn) this.#asked(outcome.asks);
        this.#outcome(outcome);
      }
    if (view.running && view.running.turn !== this.#before?.running?.turn) {
      const { turn, fix, prompt } = view.running;
      this.#line(`▶ turn ${turn}${fix === undefined ? '' : `, fix ${fix}`}: ${oneLine(prompt, 200)}`, 'bold');
      this.#step = '';
    }
    const queued =
      view.queue.length > 0 ? ` · ${view.queue.length} queued, next: ${oneLine(view.queue[0]?.prompt ?? '', 60)}` : '';
    const headline = `${view.topic}  ${view.state}${waitsFor(view)}${view.closing ? ', closing' : ''} · ${count(view.turns, 'turn')} · ${sessionOf(view)}${queued}`;
    if (headline !== this.#headline) this.#line(headline, 'dim');
    this.#headline = headline;
    this.#waits(view);
    this.#before = view;
  }

  /** Prints what was answered since the view before, and what the turn waits for now. */
  #waits({ topic, running }: TopicView): void {
    const before = this.#before?.running?.turn === running?.turn ? this.#before?.running : undefined;
    this.#asked(running?.asks, before?.asks ?? []);
    const waiting = running?.waiting;
    if (!waiting || waiting.since === before?.waiting?.since) return;
    const [head = '', ...lines] = waitingLines(topic, waiting, Date.now());
    this.#line(`? ${head}`, 'yellow');
    for (const line of lines) this.#line(`  ${line}`, 'reset');
  }

  #asked(asks: AskedInTurn[] = [], before = this.#before?.running?.asks): void {
    for (const asked of asks.slice(before?.length ?? 0)) this.#line(`  · ${askedWords(asked)}`, 'dim');
  }

  #outcome({ turn, status, error, reply, duration_ms, usage, session }: TurnResult): void {
    const tokens = usage && `${count(usage.input_tokens + usage.output_tokens + usage.cache_read_tokens, 'token')}`;
    const how = [
      error ? `${status} ${error.code}` : status,
      session.kind !== 'resumed' && session.kind,
      duration(duration_ms),
      tokens,
    ]
      .filter(Boolean)
      .join(' · ');
    this.#line(
      `${status === 'completed' ? '✔' : '✘'} turn ${turn} ${how}: ${oneLine(error?.message ?? reply, 200)}`,
      status === 'completed' ? 'green' : 'red',
    );
  }

  #text(text: string): void {
    this.output.write(text);
    this.#midLine = !text.endsWith('\n');
  }

  #line(text: string, style: Parameters<Output['styled']>[0]): void {
    this.end();
    this.output.write(`${this.output.styled(style, text)}\n`);
  }
}

/** e.g. ` for an answer` */
function waitsFor({ running }: TopicView): string {
  if (running?.waiting_for_host !== undefined) return ` for host ${running.waiting_for_host}`;
  const { waiting } = running ?? {};
  if (!waiting) return '';
  return waiting.for === 'answer' ? ' for an answer' : waiting.for === 'quota' ? ' for the provider' : ' for its agent';
}

/** e.g. `01a22330-… of codex` */
function sessionOf({ session_id, sessions }: TopicView): string {
  const current = sessions.find((session) => session.current);
  return current ? `${current.session_id} of ${current.pinned.agent}` : (session_id ?? 'no session yet');
}
