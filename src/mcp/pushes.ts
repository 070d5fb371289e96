/**
 * Reports to the client when a task that it handed over has ended, asks, or waits for a quota or its agent.
 * Each event is reported once, unless a call has answered it. Tasks are stored until they are reported, so
 * the client's next server continues.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { MAX_PROMPTS_AT_ONCE, type NamedPrompt, type PromptReport } from '../client/outcomes.js';
import { digestOf } from '../contract/text.js';
import type { PushStore, PushTask } from '../contract/pushes.js';
import type { PromptState } from '../contract/types.js';
import type { Call } from './call.js';
import { pushOf, type Push } from './push-text.js';

/** The pause between two looks. It grows with the open tasks, so that all together cost at most 5 queries a second. */
const LOOKS_EVERY_MS = { least: 2000, each: 200 };
const MOST_OPEN = 200;
const MOST_TOLD = 100;
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;
/** With these codes the topic or the prompt is gone for good. */
const GONE: readonly string[] = ['TOPIC_UNKNOWN', 'OUTCOME_UNKNOWN'];

interface PushesOptions {
  using: Call['using'];
  /** Called with the reason when a task cannot be stored. */
  note: (line: string) => void;
}

/** Rejects when the client can't be reached any more. */
export type Send = (push: Push) => Promise<void>;

export class Pushes {
  /** By topic and prompt id: two topics may have prompts of the same id. */
  readonly #open = new Map<string, PushTask>();
  /** How many calls are under way for a prompt. Their answers come first. */
  readonly #calls = new Map<string, number>();
  readonly #over = new AbortController();
  #store: PushStore | undefined;
  #opened: Promise<void> | undefined;
  #send: Send | undefined;
  #writes: Promise<unknown> = Promise.resolve();
  #looking: Promise<void> | undefined;

  constructor(private readonly given: PushesOptions) {}

  /** Call it once the client takes notifications. */
  async begin(opening: Promise<PushStore>, send: Send): Promise<void> {
    this.#send = send;
    this.#opened = opening.then((store) => {
      this.#store = store;
      for (const task of this.#open.values()) this.#keep(task);
    });
    try {
      await this.#opened;
      const left = (await this.#store?.takeOver()) ?? [];
      for (const task of left) if (!this.#open.has(keyOf(task))) this.#open.set(keyOf(task), task);
    } catch (error) {
      this.given.note(`what earlier servers left to report cannot be read: ${(error as Error).message}`);
    }
    this.#look();
  }

  /** Resolves once the task is stored. From then on, a kill of this server loses no report. */
  async accepted({ topic, prompt_id }: NamedPrompt): Promise<void> {
    const task: PushTask = { topic, prompt_id, told: [], at: new Date().toISOString() };
    if (!this.#open.has(keyOf(task))) {
      this.#open.set(keyOf(task), task);
      this.#keep(task);
      const [oldest] = this.#open.values();
      if (this.#open.size > MOST_OPEN && oldest) this.#drop(oldest);
      this.#look();
    }
    await this.#opened?.catch(() => undefined); // `begin` notes why.
    await this.#writes;
  }

  /** The client has the outcome. */
  answered(prompt: NamedPrompt): void {
    const task = this.#open.get(keyOf(prompt));
    if (task) this.#drop(task);
  }

  /** The client has seen the prompt in this state. */
  saw(topic: string, state: PromptState | PromptReport | undefined): void {
    const task = state && this.#open.get(keyOf({ topic, prompt_id: state.prompt_id }));
    const name = state && nameOf(state);
    if (task && name !== undefined) this.#noteTold(task, name);
  }

  /** While a call for the prompts is under way, nothing is reported of them. */
  async during<T>(prompts: readonly NamedPrompt[], work: () => Promise<T>): Promise<T> {
    const keys = prompts.map(keyOf);
    const count = (by: number) => {
      for (const key of keys) this.#calls.set(key, (this.#calls.get(key) ?? 0) + by);
    };
    count(1);
    try {
      return await work();
    } finally {
      count(-1);
      for (const key of keys) if (this.#calls.get(key) === 0) this.#calls.delete(key);
    }
  }

  async end(): Promise<void> {
    this.#over.abort();
    await this.#looking;
    await this.#writes;
  }

  #look(): void {
    if (this.#looking || !this.#store || this.#open.size === 0) return;
    this.#looking = this.#lookOn().finally(() => (this.#looking = undefined));
  }

  async #lookOn(): Promise<void> {
    const { signal } = this.#over;
    while (this.#open.size > 0) {
      const pause = Math.max(LOOKS_EVERY_MS.least, this.#open.size * LOOKS_EVERY_MS.each);
      await sleep(pause, undefined, { signal, ref: false }).catch(() => undefined); // The server ends.
      if (signal.aborted) return;
      const due = [...this.#open.values()].filter((task) => !this.#calls.has(keyOf(task)));
      for (let at = 0; at < due.length && !signal.aborted; at += MAX_PROMPTS_AT_ONCE)
        await this.#lookAt(due.slice(at, at + MAX_PROMPTS_AT_ONCE)).catch(() => undefined); // It looks again.
    }
  }

  async #lookAt(tasks: readonly PushTask[]): Promise<void> {
    const reports = await this.given.using((manager) => manager.outcomes(tasks));
    for (const report of reports) {
      const task = this.#open.get(keyOf(report));
      // A call may have begun meanwhile, or have answered.
      if (task && !this.#calls.has(keyOf(report)) && !this.#over.signal.aborted) await this.#seen(task, report);
    }
  }

  async #seen(task: PushTask, report: PromptReport): Promise<void> {
    const isGone = report.state === 'error' && GONE.includes(report.error.code);
    if (isGone || Date.now() - Date.parse(task.at) > KEPT_MS) return this.#drop(task);
    const name = nameOf(report);
    const push = name === undefined || task.told.includes(name) ? undefined : pushOf(report);
    if (name === undefined || !push) return;
    await this.#send?.(push);
    if (report.state === 'running') this.#noteTold(task, name);
    else this.#drop(task);
  }

  #noteTold(task: PushTask, name: string): void {
    if (task.told.includes(name)) return;
    task.told = [...task.told, name].slice(-MOST_TOLD);
    this.#keep(task);
  }

  #keep(task: PushTask): void {
    this.#write((store) => store.keep(task));
  }

  #drop(task: PushTask): void {
    this.#open.delete(keyOf(task));
    this.#write((store) => store.drop(task));
  }

  /** Writes one after the other, so that the newest state of a task is stored last. */
  #write(work: (store: PushStore) => Promise<void>): void {
    const store = this.#store;
    if (!store) return;
    this.#writes = this.#writes
      .then(() => work(store))
      .catch((error: Error) => this.given.note(`what is to be reported cannot be kept: ${error.message}`));
  }
}

function keyOf({ topic, prompt_id }: NamedPrompt): string {
  return JSON.stringify([topic, prompt_id]);
}

/** The name under which an event is reported once. `undefined`: this state has none. */
function nameOf(state: PromptState | PromptReport): string | undefined {
  if (state.state === 'ended' || state.state === 'refused') return 'ended';
  if (state.state !== 'running' || !state.waiting) return undefined;
  const { waiting } = state;
  return waiting.for === 'answer' ? `asks/${digestOf(waiting.ask.ask_id)}` : `silent/${waiting.for}`;
}
