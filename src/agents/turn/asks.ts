/**
 * Answers what a turn asks, as far as it is decided. Everything else ends the attempt, and the
 * agent waits for the next one.
 */
import { DECISIONS, type Answer, type Answered, type Ask } from '../../contract/asks.js';
import { isId } from '../../contract/ids.js';
import { MAX_ASK_BYTES } from '../../contract/limits.js';
import { jsonBytes } from '../../contract/text.js';

const MAX_TEXT = 2_000;
const MAX_OPTIONS = 30;
const MAX_LABEL = 200;

export class Asks {
  /** By the name of the ask. An agent may show an ask for a moment although it has its answer. */
  readonly #given: Map<string, Answered>;
  /** Answers that an agent which was killed may need again, to asks that it is not past. Oldest first. */
  readonly #again: Answered[];

  constructor(
    before: readonly Answered[] = [],
    private readonly policy: (ask: Ask) => Answer | undefined = () => undefined,
  ) {
    this.#again = [...before];
    this.#given = new Map(before.map((one) => [one.ask.ask_id, one]));
  }

  /** @returns `undefined` when nobody has decided; `isNew`: config decided, just now */
  answerTo(ask: Ask): { answered: Answered; isNew: boolean } | undefined {
    const known = this.#given.get(ask.ask_id) ?? this.#toTheSame(ask);
    if (known) {
      this.#isPast(known);
      this.#given.set(ask.ask_id, known);
      return { answered: known, isNew: false };
    }
    const answer = this.policy(ask);
    if (!answer) return undefined;
    const answered: Answered = { ask, answer, by: 'config' };
    this.#given.set(ask.ask_id, answered);
    return { answered, isNew: true };
  }

  /** The agent was killed, and asks again. Each answer is given once more in an attempt. */
  #toTheSame(ask: Ask): Answered | undefined {
    return this.#again.findLast((one) => isSame(one.ask, ask) && ask.takes.includes(one.answer.decision));
  }

  /** "Allow" is for once: an older answer would allow what the agent asks next. */
  #isPast(known: Answered): void {
    this.#again.splice(0, this.#again.indexOf(known) + 1);
  }
}

function isSame(one: Ask, other: Ask): boolean {
  return one.kind === other.kind && one.tool === other.tool && one.text === other.text;
}

/** Cut to what a topic remembers. An ask without a usable name can't be answered, and is left out. */
export function bounded(ask: Ask): Ask | undefined {
  if (!isId(ask.ask_id)) return undefined;
  const { options, session_id, ...whole } = ask;
  const cut: Ask = {
    ...whole,
    text: shortened(ask.text, MAX_TEXT),
    takes: DECISIONS.filter((one) => ask.takes.includes(one)),
    ...(ask.tool !== undefined && { tool: shortened(ask.tool, MAX_LABEL) }),
    ...(isId(session_id) && { session_id }),
    ...(options && {
      options: options.slice(0, MAX_OPTIONS).map(({ label, description }) => ({
        label: shortened(label, MAX_LABEL),
        ...(description !== undefined && { description: shortened(description, MAX_LABEL) }),
      })),
    }),
  };
  if (jsonBytes(cut) <= MAX_ASK_BYTES) return cut;
  const { options: _, ...rest } = cut;
  return { ...rest, text: shortened(ask.text, MAX_TEXT / 4) };
}

const shortened = (text: string, length: number) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);
