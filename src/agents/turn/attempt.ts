/** One attempt at a turn. Each `step` looks at the session, decides, and does one deed. */
import type { Answered, Ask } from '../../contract/asks.js';
import type { Failure } from '../../contract/failures.js';
import type { Recovery } from '../../contract/types.js';
import type { AgentOutcome, RunningTool, TurnProgress, TurnRequest } from '../agent.js';
import { NotPutIn, type AgentDriver, type AgentSignal, type PromptKey, type Sight } from '../driver.js';
import { COMPACTS } from '../shared/compactions.js';
import type { ActiveTurn, ActiveTurns } from './active-turns.js';
import { Asks, bounded } from './asks.js';
import { Compacting } from './compacting.js';
import { decide, type Deed } from './decide.js';
import { OldEnd } from './old-end.js';
import { cancelled, failed, harvested, lost, reused, stoppedAt, unknown } from './outcomes.js';
import { Parking } from './parking.js';
import { ProgressTally } from './progress.js';
import type { PromptNotes } from './prompt-notes.js';
import { isPrompt } from './is-prompt.js';
import { keptOut } from './let-in.js';
import { LOOK_AGAIN_MS, Settling } from './settle.js';
import { Spending } from './spending.js';
import { whyStuck } from './stuck.js';
import { WakeUp } from './wake-up.js';

const POLL_MS = 1_000;
const ASKED_AGAIN_AFTER_MS = 200;

export interface TurnContext {
  driver: AgentDriver;
  notes: PromptNotes;
  active: ActiveTurns;
  maxSteps: number;
}

/** The outcome, an ask that nobody has decided, or how many ms to wait at most until the next step. */
export type Step = AgentOutcome | { ask: Ask } | number;

export class Attempt {
  readonly wakeUp = new WakeUp();
  /** How often the agent's program was replaced. */
  restarts = 0;
  readonly #progress = new ProgressTally();
  /** The progress of another turn in the session, for which this turn waits. */
  readonly #othersProgress = new ProgressTally();
  #running: readonly RunningTool[] | undefined;
  readonly #settling = new Settling();
  readonly #asks: Asks;
  readonly #answered: Answered[] = [];
  #open: string | undefined;
  readonly #oldEnd: OldEnd | undefined;
  readonly #parking: Parking;
  readonly #spending: Spending;
  readonly #compacting: Compacting;
  readonly #key: PromptKey;
  readonly #active: ActiveTurn;
  readonly #stopListening: () => void;
  #generation: number | undefined;
  #noted: boolean | undefined;
  #puts = 0;
  #putInGeneration: number | undefined;
  #gaveUp: Failure | undefined;
  /** Set when the last look found nothing to do except wait. Until that changes, only `isBusy` is asked. */
  #waiting = false;
  /** Whether signals from the session belong to this turn. */
  #working = false;
  #firstLook = true;
  #wasThere = false;
  #recovered: Recovery | undefined;

  constructor(
    private readonly request: TurnRequest,
    private readonly context: TurnContext,
  ) {
    const { session, prompt_id } = request;
    this.#key = context.driver.keyOf(session, prompt_id);
    this.#asks = new Asks(request.answered, request.policy);
    this.#oldEnd = request.goes_on && new OldEnd();
    this.#compacting = new Compacting(context, session, this.#key);
    this.#spending = new Spending(request.budget, this.#progress);
    this.#parking = new Parking(this.#key, context.notes, request.may_be_parked === true);
    this.#stopListening = context.driver.listen(session, this.#key, (signal) => this.#on(signal));
    this.#active = { key: this.#key, wake: () => this.wakeUp.wake() };
    context.active.begin(session.session_id, this.#active);
  }

  close(): void {
    this.#stopListening();
    this.context.active.end(this.request.session.session_id, this.#active);
  }

  takeProgress(): TurnProgress | undefined {
    if (this.#working) return this.#progress.take();
    const others = this.#othersProgress.take();
    return others && { step: `another turn comes first${others.step ? `: ${others.step}` : ''}` };
  }

  /** Which tools run. `undefined` when that was not asked since the last call. */
  takeRunning(): readonly RunningTool[] | undefined {
    const running = this.#running;
    this.#running = undefined;
    return running;
  }

  /** What the policy has answered since the last call. */
  takeAnswered(): Answered[] {
    return this.#answered.splice(0);
  }

  async recover(): Promise<void> {
    if (this.#generation !== undefined) await this.context.driver.recover(this.#generation);
  }

  /** Makes one step. @throws Unreachable, AgentError */
  async step(): Promise<Step> {
    const { driver, notes, maxSteps } = this.context;
    const { session } = this.request;
    await this.#connect();
    const isCancelled = await notes.has('cancelled', this.#key);
    if (this.#waiting && !isCancelled && this.#progress.steps <= maxSteps && (await driver.isBusy(session)))
      return this.#wait();
    const seen = await driver.look(session, this.#key, await this.#compacting.from());
    if (!seen) return lost(session.session_id, driver.store);
    const sight = await this.#compacting.counted(this.#oldEnd?.without(seen) ?? seen);
    if (sight.text !== undefined && !isPrompt(sight.text, this.request)) return reused(this.request);
    const over = this.#spending.overIn(sight);
    const parked = isCancelled ? undefined : await this.#parking.endOf(sight, this.#oldEnd !== undefined, over);
    if (parked) return parked;
    const compacts = await this.#compacts(sight, isCancelled);
    if (compacts !== undefined) return compacts;
    const deed = await this.#decide(sight, isCancelled);
    this.#note(sight, deed);
    const isFirstPut = deed === 'put' && sight.prompt === 'absent' && this.#puts === 0 && !this.#noted;
    const stop = over ?? (isFirstPut ? await keptOut(this.request, notes, this.#key, this.#compacting) : undefined);
    if (stop === 'compact') return 0;
    if (stop && (deed === 'put' || deed === 'go_on')) return stoppedAt(stop, sight);
    return this.#do(deed, sight);
  }

  async #compacts(sight: Sight, isCancelled: boolean): Promise<number | undefined> {
    const next = await this.#compacting.step(sight, isCancelled);
    if (!this.#compacting.isRunning) return next;
    this.#working = true;
    this.#progress.on({ type: 'did', step: COMPACTS });
    this.#running = [this.#compacting.asTool];
    if (await this.#parking.begins(undefined)) await this.context.driver.abort(this.request.session);
    return next;
  }

  async #connect(): Promise<void> {
    const generation = await this.context.driver.connect(this.request.session);
    if (generation === this.#generation) return;
    if (this.#generation !== undefined) this.restarts++;
    this.#generation = generation;
    this.#settling.reset();
    this.#waiting = false;
    this.#puts = 0;
    this.#gaveUp = undefined;
  }

  async #decide(sight: Sight, isCancelled: boolean): Promise<Deed> {
    const { driver, notes, maxSteps } = this.context;
    const { capabilities, maxPuts } = driver;
    this.#noted ??= !capabilities.repeatablePut && (await notes.has('put', this.#key));
    const settled = this.#settling.isSettled(sight, { puts: this.#puts, noted: this.#noted });
    return decide({
      sight,
      settled,
      cancelled: isCancelled,
      noted: this.#noted,
      puts: this.#puts,
      gaveUp: this.#gaveUp !== undefined && this.#puts > 0,
      maxPuts,
      maxSteps,
      capabilities,
    });
  }

  #note(sight: Sight, deed: Deed): void {
    this.#working =
      sight.busy === 'this' || (!sight.busy && !sight.superseded && (sight.prompt === 'present' || this.#puts > 0));
    if (this.#firstLook) {
      this.#wasThere = sight.prompt === 'present' || sight.busy === 'this';
      for (const signal of sight.done()) this.#progress.on(signal);
      if (deed === 'harvest' && !this.request.follows_a_wait) this.#recovered = 'harvested';
    }
    this.#spending.see(sight, this.#firstLook);
    this.#firstLook = false;
    this.#progress.waitsFor(sight.background);
    this.#waiting = deed === 'wait' && sight.busy !== false && !sight.superseded;
    const isFound = this.#wasThere && this.#puts === 0 && !this.request.follows_a_wait;
    if (this.#waiting && this.#working && isFound) this.#recovered ??= 'reattached';
  }

  /** Waits for the turn, unless it waits for an answer. */
  async #wait(): Promise<Step> {
    const { driver } = this.context;
    const { session } = this.request;
    if ((this.#working ? this.#progress : this.#othersProgress).wasQuiet())
      this.#running = await driver.running?.(session);
    if (!this.#working) return POLL_MS;
    if (await this.#parking.begins(this.#spending.over())) {
      await driver.abort(session);
      this.#waiting = false;
      return LOOK_AGAIN_MS;
    }
    if (!driver.asks) return POLL_MS;
    for (const said of await driver.asks(session)) {
      const ask = bounded(said);
      if (!ask) continue;
      const known = this.#asks.answerTo(ask);
      if (!known) {
        // An agent may ask while it ends its turn. What still waits at the next step is asked.
        if (this.#open === ask.ask_id) return { ask };
        this.#open = ask.ask_id;
        return ASKED_AGAIN_AFTER_MS;
      }
      await driver.answer?.(session, ask, known.answered.answer);
      if (known.isNew) this.#answered.push(known.answered);
    }
    return POLL_MS;
  }

  async #do(deed: Deed, sight: Sight): Promise<Step> {
    const { session } = this.request;
    switch (deed) {
      case 'harvest':
        return harvested(sight, session.session_id, this.context.maxSteps, this.#recovered);
      case 'report_cancelled':
        return cancelled(sight, session.session_id, this.#recovered);
      case 'report_unknown':
        return failed(unknown(sight, session.session_id), sight, this.#recovered);
      case 'report_stuck':
        return this.#stuck(sight);
      case 'wait':
        return this.#wait();
      case 'look_again':
        return LOOK_AGAIN_MS;
      case 'abort':
        await this.context.driver.abort(session);
        return POLL_MS;
      case 'put':
      case 'go_on':
        return this.#put(sight);
    }
  }

  async #put(sight: Sight): Promise<AgentOutcome | number> {
    const { driver, notes } = this.context;
    if (!driver.capabilities.repeatablePut && sight.prompt === 'absent') {
      await notes.add('put', this.#key);
      // Set for this attempt, too: a replaced program may get the request that was meant for the
      // one before.
      this.#noted = true;
    }
    // The turn was cancelled while the session was looked at.
    if (await notes.has('cancelled', this.#key)) return 0;
    const wasCutOff = this.#wasThere || this.#putInGeneration !== this.#generation;
    if (sight.prompt === 'present' && wasCutOff && !this.#oldEnd) this.#recovered = 'continued';
    this.#oldEnd?.wentOn(sight);
    await this.#parking.end();
    this.#puts++;
    this.#working = true;
    this.#putInGeneration = this.#generation;
    this.#settling.reset();
    this.#gaveUp = undefined;
    const prompt = { key: this.#key, text: this.request.prompt };
    const refusal = await driver
      .put(this.request.session, prompt, sight)
      .catch((error: unknown) => this.#notPut(error));
    return refusal ? failed(refusal, sight, this.#recovered) : LOOK_AGAIN_MS;
  }

  /** What the agent certainly did not get is put in again. */
  async #notPut(error: unknown): Promise<never> {
    if (error instanceof NotPutIn) {
      await this.context.notes.remove('put', this.#key);
      this.#noted = false;
      this.#puts = 0;
    }
    throw error;
  }

  async #stuck(sight: Sight): Promise<AgentOutcome> {
    const seen = { sight, puts: this.#puts, gaveUp: this.#gaveUp };
    return failed(await whyStuck(this.context, this.request.session, seen), sight, this.#recovered);
  }

  #on(signal: AgentSignal): void {
    if (signal.type === 'moved') this.wakeUp.wake();
    else if (signal.type === 'prompted') this.#waiting = false;
    else if (signal.type === 'broke_off') {
      this.#gaveUp = signal.because;
      this.wakeUp.wake();
    } else {
      if (signal.type === 'refused') this.#parking.on(signal);
      if (signal.type === 'blocked' && signal.on !== undefined) this.wakeUp.wake();
      (this.#working ? this.#progress : this.#othersProgress).on(signal);
      if (signal.type === 'used' && this.#working && this.#spending.over()) this.wakeUp.wake();
    }
  }
}
