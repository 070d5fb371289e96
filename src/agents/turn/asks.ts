/**
 * Answers what a turn asks, as far as it is decided. Everything else ends the attempt, and the
 * agent waits for the next one.
 */
import type { Answer, Answered, Ask } from '../../contract/asks.js';
import { isId } from '../../contract/ids.js';
import { MAX_ASK_BYTES } from '../../contract/limits.js';
import { jsonBytes } from '../../contract/text.js';

const MAX_TEXT = 2_000;
const MAX_OPTIONS = 30;
const MAX_LABEL = 200;

export class Asks {
  /** By the name of the ask. An agent may show an ask for a moment although it has its answer. */
  readonly #given = new Map<string, Answered>();
  /** Answers of attempts before this one. */
  readonly #before: Answered[];

  constructor(
    before: readonly Answered[] = [],
    private readonly policy: (ask: Ask) => Answer | undefined = () => undefined,
  ) {
    this.#before = [...before];
  }

  /** @returns `undefined` when nobody has decided; `isNew`: config decided, just now */
  answerTo(ask: Ask): { answered: Answered; isNew: boolean } | undefined {
    const known = this.#given.get(ask.ask_id) ?? this.#before.find((one) => one.ask.ask_id === ask.ask_id);
    if (known) return this.#give(ask, known, false);
    // The agent was killed, and asks again. Each answer is given once more in an attempt.
    const again = this.#before.findIndex((one) => isSame(one.ask, ask));
    const [same] = again < 0 ? [] : this.#before.splice(again, 1);
    if (same) return this.#give(ask, same, false);
    const answer = this.policy(ask);
    return answer && this.#give(ask, { ask, answer, by: 'config' }, true);
  }

  #give(ask: Ask, answered: Answered, isNew: boolean) {
    this.#given.set(ask.ask_id, answered);
    const at = this.#before.indexOf(answered);
    if (at >= 0) this.#before.splice(at, 1);
    return { answered, isNew };
  }
}

function isSame(one: Ask, other: Ask): boolean {
  return one.kind === other.kind && one.tool === other.tool && one.text === other.text;
}

/** Cut to what a topic remembers. An ask without a usable name can't be answered, and is left out. */
export function bounded(ask: Ask): Ask | undefined {
  if (!isId(ask.ask_id)) return undefined;
  const { options, ...whole } = ask;
  const cut: Ask = {
    ...whole,
    text: shortened(ask.text, MAX_TEXT),
    ...(ask.tool !== undefined && { tool: shortened(ask.tool, MAX_LABEL) }),
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
