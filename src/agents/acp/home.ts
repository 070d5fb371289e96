/**
 * What the names of one ACP agent share in a data directory: notes of sessions and prompts, the
 * runs, and who follows what happens in them.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { Failure } from '../../contract/failures.js';
import type { SessionId } from '../../contract/ids.js';
import { TURN_STATUSES } from '../../contract/types.js';
import type { AgentSignal, DriverContext } from '../driver.js';
import { DurableFacts } from '../shared/durable-facts.js';
import { endRunsOf } from './agent-process.js';
import { AgentsLog } from './agents-log.js';
import type { SessionRun } from './session-run.js';

const Code = z.custom<Failure['code']>((code) => typeof code === 'string');
const Failed = z.object({ code: Code, message: z.string(), fix: z.string() });

/** By seed: the session that was opened for it. */
const Opened = z.object({ session: z.string(), model: z.string().optional() });
const Session = z.object({
  /** The key of the last prompt that was put in. */
  last: z.string().optional(),
  /** A turn was completed in it. */
  answered: z.boolean().optional(),
  /** The digest of the instructions that the model was told. */
  told: z.string().optional(),
});
/**
 * By key. Without an end: it was put in, or was just about to be, and nobody has heard how it
 * ended.
 */
const Turn = z.object({
  text: z.string(),
  end: z
    .object({
      status: z.enum(TURN_STATUSES),
      error: Failed.optional(),
      /** How the provider refused what it was sent. */
      refused: z.string().optional(),
      reply: z.string(),
      /** Absent in notes of older releases. */
      reply_parts: z.array(z.string()).optional(),
      model: z.string().optional(),
      steps: z.number(),
      /** Absent: the agent does not tell, or a note of an older release. */
      context: z.object({ tokens: z.number(), at: z.string() }).optional(),
    })
    .optional(),
});
export type TurnFact = z.infer<typeof Turn>;

/** As long as notes of prompts are kept. */
const KEPT_FOR_MS = 90 * 24 * 60 * 60 * 1000;

export interface Timing {
  /** An agent that npx fetches takes its time. */
  startsWithinMs: number;
  /** After a cancel. Then it is killed. */
  stopsWithinMs: number;
  /** A process with a session and without a turn ends after so long. */
  idleMs: number;
}
const TIMING: Timing = { startsWithinMs: 120_000, stopsWithinMs: 5_000, idleMs: 120_000 };

export class AcpHome {
  readonly runsFolder: string;
  readonly opened: DurableFacts<z.infer<typeof Opened>>;
  readonly sessions: DurableFacts<z.infer<typeof Session>>;
  readonly turns: DurableFacts<TurnFact>;
  /** That have a session, and may work in it. */
  readonly runs = new Map<SessionId, SessionRun>();
  readonly timing: Timing;
  readonly env: DriverContext['env'];
  readonly #starting = new Map<SessionId, Promise<SessionRun | undefined>>();
  /** The run before, which comes to its end. */
  readonly #ending = new Map<SessionId, Promise<void>>();
  readonly #listeners = new Map<SessionId, Set<(signal: AgentSignal) => void>>();
  #prepared: Promise<void> | undefined;
  readonly #log: AgentsLog;
  #users = 0;

  readonly note: DriverContext['log'];

  constructor({ folder, env, log }: Pick<DriverContext, 'folder' | 'env' | 'log'>, timing: Partial<Timing> = {}) {
    this.env = env;
    this.note = log;
    this.timing = { ...TIMING, ...timing };
    this.runsFolder = join(folder, 'runs');
    this.#log = new AgentsLog(join(folder, 'agents.log'));
    this.opened = new DurableFacts(join(folder, 'opened'), Opened);
    this.sessions = new DurableFacts(join(folder, 'sessions'), Session);
    this.turns = new DurableFacts(join(folder, 'turns'), Turn);
  }

  /** Once: ends what workers before this one have left, for nobody hears it any more. */
  prepare(): Promise<void> {
    this.#prepared ??= this.#prepare().catch((error: unknown) => {
      this.#prepared = undefined;
      throw error;
    });
    return this.#prepared;
  }

  /** What agents write to their standard error, and what they print around the protocol. */
  readonly log = (text: string): void => this.#log.write(text);

  get logFile(): string {
    return this.#log.file;
  }

  /** One at a time for each session, and only once the run before is gone. */
  start(session: SessionId, work: () => Promise<SessionRun | undefined>): Promise<SessionRun | undefined> {
    const starting =
      this.#starting.get(session) ??
      (async () => {
        await this.prepare();
        await this.#ending.get(session);
        return work();
      })().finally(() => this.#starting.delete(session));
    this.#starting.set(session, starting);
    return starting;
  }

  /** It takes no prompt from then on. */
  leave(session: SessionId, run: SessionRun, gone: Promise<void>): void {
    if (this.runs.get(session) === run) this.runs.delete(session);
    const before = this.#ending.get(session);
    const ending = Promise.all([before, gone])
      .catch((error: unknown) => this.note('An ACP agent could not be ended.', { session, reason: String(error) }))
      .then(() => {
        if (this.#ending.get(session) === ending) this.#ending.delete(session);
      });
    this.#ending.set(session, ending);
  }

  listen(session: SessionId, on: (signal: AgentSignal) => void): () => void {
    const all = this.#listeners.get(session) ?? new Set();
    this.#listeners.set(session, all.add(on));
    return () => {
      all.delete(on);
      if (all.size === 0 && this.#listeners.get(session) === all) this.#listeners.delete(session);
    };
  }

  tell(session: SessionId, signal: AgentSignal): void {
    for (const listener of [...(this.#listeners.get(session) ?? [])]) listener(signal);
  }

  retain(): void {
    this.#users++;
  }

  /**
   * The last of its users ends all processes, because nobody else hears them. `stop`: also those
   * that a worker before this one has left.
   */
  async release(stop: boolean): Promise<void> {
    if (--this.#users > 0) return;
    await this.endAll();
    if (stop) await endRunsOf(this.runsFolder);
  }

  async endAll(): Promise<void> {
    await Promise.allSettled(this.#starting.values());
    await Promise.all([...this.runs.values()].map((run) => run.abandon()));
    await Promise.all(this.#ending.values());
    this.#log.close();
    this.#prepared = undefined;
  }

  async #prepare(): Promise<void> {
    await endRunsOf(this.runsFolder);
    await mkdir(this.runsFolder, { recursive: true, mode: 0o700 });
    await this.#log.open();
    const before = Date.now() - KEPT_FOR_MS;
    await Promise.all([this.opened, this.sessions, this.turns].map((facts) => facts.prune(before)));
  }
}
