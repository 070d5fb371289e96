/** What a watcher sees of a turn, gathered from events. */
import type { AssistantMessage, Part, SessionStatus } from '@opencode-ai/sdk/v2/client';
import { failure, type Failure } from '../../contract/failures.js';
import type { TurnProgress } from '../agent.js';
import type { OpenCodeEvent } from './events.js';
import { usageOf } from './usage.js';
import type { StoredAnswer } from './turn-state.js';

const TAIL = 400;
const STEP = 200;

export class Progress {
  #step: string | undefined;
  /** It waits for a person; the tool that asks is told of before or after, as it comes. */
  #blocked: string | undefined;
  /** The provider refused for now. OpenCode does not tell with which status (1.18.33), only in its own words. */
  #refused: Failure | undefined;
  #text = '';
  #textPart = '';
  readonly #steps = new Map<string, AssistantMessage>();
  #changed = false;

  /** What the turn had done before we looked. */
  begin(answers: StoredAnswer[]): void {
    for (const { info, parts } of answers) {
      this.#steps.set(info.id, info);
      for (const part of parts) this.#part(part);
    }
  }

  get steps(): number {
    return this.#steps.size;
  }

  /** The progress, if it changed since the last call. */
  take(): TurnProgress | undefined {
    if (!this.#changed) return undefined;
    this.#changed = false;
    const step = this.#blocked ?? this.#step;
    return {
      ...(step && { step }),
      ...(this.#text && { text_tail: this.#text }),
      ...(this.#steps.size && { usage: usageOf([...this.#steps.values()]) }),
      ...(this.#refused && { refused: this.#refused }),
    };
  }

  on(event: OpenCodeEvent): void {
    if (event.type === 'message.updated' && event.properties.info.role === 'assistant') {
      this.#steps.set(event.properties.info.id, event.properties.info);
      this.#changed = true;
    } else if (event.type === 'message.part.updated') this.#part(event.properties.part);
    else if (event.type === 'message.part.delta' && event.properties.field === 'text' && event.properties.partID === this.#textPart) {
      this.#setText(this.#text + event.properties.delta);
    } else if (event.type === 'permission.asked') {
      this.#block(`waits for permission: ${event.properties.permission} ${event.properties.patterns.join(' ')}`);
    } else if (event.type === 'question.asked') {
      this.#block(`waits for an answer: ${event.properties.questions[0]?.question ?? ''}`);
    } else if (event.type === 'permission.replied' || event.type === 'question.replied' || event.type === 'question.rejected') {
      this.#block(undefined);
    } else if (event.type === 'session.status') this.onStatus(event.properties.status);
  }

  /** Asking the provider again is no change by itself: only what comes of it is. */
  onStatus(status: SessionStatus): void {
    if (status.type !== 'retry') {
      if (this.#refused) this.#step = undefined;
      this.#refused = undefined;
      return;
    }
    const at = `${new Date(status.next).toISOString().slice(0, 19)}Z`;
    this.#refused = failure('AGENT_RATE_LIMITED', `The provider refused for now: ${lineOf(status.message)}. It would have been asked again at ${at}.`);
    this.#setStep(`the provider refused for now and is asked again at ${at}: ${status.message}`);
  }

  /** A sub-agent works in a session of its own; its text and tokens are not this turn's. */
  onChild(event: OpenCodeEvent): void {
    if (event.type !== 'message.part.updated') return;
    const { part } = event.properties;
    if (part.type === 'tool') this.#setStep(`sub-agent: ${stepOf(part.tool, part.state.input)}`);
    else if (part.type === 'step-start') this.#setStep('sub-agent: thinks');
  }

  #part(part: Part): void {
    if (part.type === 'tool') this.#setStep(stepOf(part.tool, part.state.input));
    if (part.type === 'text' && !part.synthetic && this.#steps.has(part.messageID)) {
      this.#textPart = part.id;
      this.#setText(part.text);
    }
  }

  #block(reason: string | undefined): void {
    this.#blocked = reason && lineOf(reason);
    this.#changed = true;
  }

  #setStep(step: string): void {
    const line = lineOf(step);
    if (line === this.#step) return;
    this.#step = line;
    this.#changed = true;
  }

  #setText(text: string): void {
    const tail = text.slice(-TAIL);
    if (tail === this.#text) return;
    this.#text = tail;
    this.#changed = true;
  }
}

const lineOf = (text: string) => text.replace(/\s+/g, ' ').trim().slice(0, STEP);

/** e.g. `bash: npm test`, `read: src/index.ts`. */
function stepOf(tool: string, input: Record<string, unknown>): string {
  const subject = ['command', 'filePath', 'pattern', 'url', 'query', 'description'].map((key) => input[key]).find((value) => typeof value === 'string');
  return subject === undefined ? tool : `${tool}: ${subject}`;
}
