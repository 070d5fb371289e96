/** Gathers what a watcher sees of a turn from the signals of an agent. */
import { defined } from '../../contract/defined.js';
import type { Failure } from '../../contract/failures.js';
import type { Usage } from '../../contract/types.js';
import type { TurnProgress } from '../agent.js';
import type { AgentSignal } from '../driver.js';
import { sumOf } from '../../contract/usage.js';

const TAIL = 400;
const STEP = 200;

export class ProgressTally {
  #step: string | undefined;
  /**
   * Set while the agent waits for a person. The tool that asks may be reported before or after
   * that.
   */
  #blocked: string | undefined;
  /** What the turn waits for while its own agent has nothing to do. */
  #background: string | undefined;
  #refused: Failure | undefined;
  #askedAgainAt: string | undefined;
  #text = '';
  readonly #steps = new Map<string, Usage>();
  #changed = false;
  #heard = false;

  /** How often the model was asked, as far as signals have reported it. */
  get steps(): number {
    return this.#steps.size;
  }

  /** Of all steps that signals have reported. */
  get usage(): Usage | undefined {
    return this.#steps.size > 0 ? sumOf([...this.#steps.values()]) : undefined;
  }

  /** Whether nothing was reported since the last call. */
  wasQuiet(): boolean {
    const heard = this.#heard;
    this.#heard = false;
    return !heard;
  }

  /** The progress, if there was any since the last call. */
  take(): TurnProgress | undefined {
    if (!this.#changed) return undefined;
    this.#changed = false;
    const doing = [this.#background, this.#step].filter(Boolean).join(': ');
    const step = this.#blocked ?? lineOf(doing);
    return {
      ...(step && { step }),
      ...(this.#text && { text_tail: this.#text }),
      ...defined({ usage: this.usage }),
      ...(this.#refused && { refused: this.#refused }),
    };
  }

  on(signal: AgentSignal): void {
    if (signal.type === 'did') {
      if (signal.step !== undefined) this.#setStep(signal.step);
      if (signal.text !== undefined) this.#setText(signal.text);
    } else if (signal.type === 'used') {
      this.#steps.set(signal.step, signal.usage);
      this.#report();
    } else if (signal.type === 'blocked') {
      this.#blocked = signal.on && lineOf(signal.on);
      this.#report();
    } else if (signal.type === 'worked') this.#report();
    else if (signal.type === 'refused') this.#refusedFor(signal);
  }

  /** `agents`: how many work in the background. See `Sight.background`. */
  waitsFor(agents: number | undefined): void {
    const background = agents === undefined ? undefined : waitOf(agents);
    if (background === this.#background) return;
    // The last step was that of the agent that now waits, or no longer does.
    if (background === undefined || this.#background === undefined) this.#step = undefined;
    this.#background = background;
    this.#report();
  }

  /** Each refusal is progress: the agent has asked again. To hear of the same one again is none. */
  #refusedFor({ because, until }: Extract<AgentSignal, { type: 'refused' }>): void {
    if (because?.message === this.#refused?.message && until === this.#askedAgainAt) return;
    if (!because) this.#step = undefined;
    this.#refused = because;
    this.#askedAgainAt = until;
    this.#report();
  }

  #report(): void {
    this.#changed = true;
    this.#heard = true;
  }

  #setStep(step: string): void {
    const line = lineOf(step);
    if (line === this.#step) return;
    this.#step = line;
    this.#report();
  }

  #setText(text: string): void {
    const tail = text.slice(-TAIL);
    if (tail === this.#text) return;
    this.#text = tail;
    this.#report();
  }
}

function waitOf(agents: number): string {
  if (agents === 0) return 'waits a moment for what a plug-in may tell it';
  return `waits for ${agents === 1 ? 'a background agent' : `${agents} background agents`}`;
}

const lineOf = (text: string) => text.replace(/\s+/g, ' ').trim().slice(0, STEP);
