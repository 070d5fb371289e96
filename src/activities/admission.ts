/**
 * Lets an attempt in on its host. The attempt waits for its directory if it works alone there, then for
 * another turn that tries the provider, then for a slot. A turn that waits for its directory holds no
 * slot, so it delays no other topic.
 */
import type { AgentOutcome } from '../agents/agent.js';
import { placeOf } from '../host/work-tree.js';
import type { ActivityContext } from './context.js';
import type { Stay } from './directories.js';
import { isOfProvider, providerOf, refusalIn, Try } from './provider-gate.js';
import type { TurnClock } from './turn-clock.js';
import type { RunTurnInput } from './types.js';

/** An attempt that broke off is repeated within 30 s, and its agent may go on meanwhile. */
const COMES_BACK_WITHIN_MS = 60_000;
/** The checks of a turn follow it at once. */
const CHECKED_WITHIN_MS = 30_000;

export type Admits = Pick<ActivityContext, 'config' | 'turnSlots' | 'providers' | 'directories'>;

export class Admission {
  #stay: Stay | undefined;
  #release: () => void = () => undefined;
  #try: Try | undefined;

  constructor(
    private readonly input: RunTurnInput,
    private readonly clock: TurnClock,
    private readonly host: Admits,
    private readonly signals: { detach: AbortSignal; stop: AbortSignal },
  ) {}

  /** @returns an outcome when the provider has just refused another turn */
  async enter(): Promise<AgentOutcome | undefined> {
    const alone = isAlone(this.input, this.host);
    if (alone) await this.#enterDirectory(true);
    const refused = this.input.goes_on && (await this.#enterGate());
    if (refused) return refused;
    await this.#takeSlot();
    if (!alone) await this.#enterDirectory(false);
    return undefined;
  }

  /** The provider has answered. */
  answered(): void {
    this.#try?.takes();
  }

  ended(ended: AgentOutcome | object): void {
    if ('status' in ended && isOfProvider(ended.error)) this.#try?.refused(ended);
    else this.#try?.takes();
  }

  /** A second call does nothing. `ended` is absent when the attempt broke off. */
  async leave(ended?: AgentOutcome | object): Promise<void> {
    this.#release();
    this.#try?.end();
    const isChecked = this.input.asked_checks && ended && 'status' in ended && ended.status === 'completed';
    await this.#stay?.leave(ended ? (isChecked ? CHECKED_WITHIN_MS : undefined) : COMES_BACK_WITHIN_MS);
  }

  /** A turn that is to be stopped waits for nothing. */
  async #unlessStopped<T>(wait: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    const { detach, stop } = this.signals;
    try {
      return await wait(AbortSignal.any([detach, stop]));
    } catch (error) {
      if (stop.aborted) return undefined;
      throw error;
    }
  }

  async #enterDirectory(alone: boolean): Promise<void> {
    const { topic, pinned } = this.input;
    const directory = await placeOf(pinned.cwd);
    const waitsFor = (other: string) => this.clock.waits(`waits for topic ${other}, which works in ${directory}`);
    const stay = await this.#unlessStopped((signal) =>
      this.host.directories.enter({ directory, topic, alone, waitsFor, signal }),
    );
    this.#stay = stay;
    if (stay) this.clock.sharing = stay.others;
  }

  async #enterGate(): Promise<AgentOutcome | undefined> {
    this.clock.waits('waits for another turn that tries the provider');
    const found = await this.#unlessStopped((signal) =>
      this.host.providers.enter(providerOf(this.input.pinned), signal),
    );
    if (found instanceof Try) this.#try = found;
    else if (found && !found.takes) return { status: 'failed', reply: '', ...refusalIn(found.outcome) };
    return undefined;
  }

  async #takeSlot(): Promise<void> {
    const { turnSlots } = this.host;
    if (!turnSlots) return;
    this.clock.waits(`waits for one of ${turnSlots.count} turn slots of this host`);
    this.#release = (await this.#unlessStopped((signal) => turnSlots.acquire(signal))) ?? this.#release;
  }
}

/** Whether a turn works alone in its directory. */
export function isAlone(
  { workspace }: Pick<RunTurnInput, 'workspace'>,
  { config }: Pick<ActivityContext, 'config'>,
): boolean {
  return (workspace ?? config.workspace.mode) === 'queue';
}
