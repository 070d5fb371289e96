/** Shared by all agents of one data directory: the runs, and what is remembered of them. */
import { join } from 'node:path';
import type { Failure } from '../../contract/failures.js';
import type { SessionId } from '../../contract/ids.js';
import type { RunningTool } from '../agent.js';
import type { AgentSignal, DriverContext } from '../driver.js';
import { DurableFacts } from '../shared/durable-facts.js';
import { KnownRows } from './known-rows.js';
import type { Following } from './progress.js';
import { OpenedSessions } from './opened.js';
import { otherOn } from './others.js';
import { lastWordsIn, refusalByHook } from './last-words.js';
import { KEPT_FOR_MS, Runs, type RunEnd } from './runs.js';
import type { Start } from './settings.js';
import { configDirOf, storeOf, type Env } from './store.js';
import { Unstored } from './unstored.js';

export class ClaudeHome {
  readonly store: string;
  readonly runs: Runs;
  readonly opened: OpenedSessions;
  readonly rows = new KnownRows();
  /** By key of the prompt. */
  readonly unstored: DurableFacts<Unstored>;
  readonly #configDir: string;
  #pruned: Promise<void> | undefined;
  readonly #followings = new Set<Following>();
  /** How often a run in the session was killed while this process watched. */
  readonly #kills = new Map<SessionId, number>();
  /** The message from which our last run resumed a turn, and whether the run ended by itself. */
  readonly #resumed = new Map<SessionId, { tail: string | undefined; ended: boolean }>();

  /** @throws AgentError SETUP_INCOMPLETE without a home directory */
  constructor(
    readonly folder: string,
    readonly env: Env,
    private readonly log: DriverContext['log'] = () => undefined,
  ) {
    this.store = storeOf(env);
    this.#configDir = configDirOf(env);
    this.runs = new Runs(folder, (end) => void this.#ended(end));
    this.opened = new OpenedSessions(join(folder, 'opened'));
    this.unstored = new DurableFacts<Unstored>(join(folder, 'unstored'), Unstored);
  }

  /** Removes old runs, once. A run that cannot be removed stays. */
  prepare(): Promise<void> {
    this.#pruned ??= Promise.all([this.runs.prune(), this.unstored.prune(Date.now() - KEPT_FOR_MS)])
      .then(() => undefined)
      .catch((error: unknown) => this.log('Old runs of Claude Code could not be removed.', { reason: String(error) }));
    return this.#pruned;
  }

  killsIn(session: SessionId): number {
    return this.#kills.get(session) ?? 0;
  }

  /** The pid of a person's own Claude Code on this session. */
  otherOn(session: SessionId): Promise<number | undefined> {
    return otherOn(session, this.#configDir, this.runs.markerOf(session));
  }

  startedFrom(session: SessionId, start: Start, tail: string | undefined): void {
    if (start === 'resume_turn') this.#resumed.set(session, { tail, ended: false });
    else this.#resumed.delete(session);
  }

  /**
   * Whether the last run had nothing to resume there: it ended by itself, and the session has not
   * changed.
   */
  resumedInVain(session: SessionId, tail: string | undefined): boolean {
    const resumed = this.#resumed.get(session);
    return resumed !== undefined && resumed.ended && resumed.tail === tail;
  }

  /** The tools that run in a session that is followed. */
  runningIn(session: SessionId): RunningTool[] {
    return [...this.#followings].find((one) => one.session === session)?.running ?? [];
  }

  follow(following: Following): () => void {
    this.#followings.add(following);
    following.begin();
    return () => {
      following.end();
      this.#followings.delete(following);
    };
  }

  #whyEnded(session: SessionId, code: number | null): Promise<Failure | undefined> {
    const output = this.runs.outputOf(session);
    return code === 0 ? refusalByHook(output, session) : lastWordsIn(output, session);
  }

  async #ended({ session, killed, code }: RunEnd): Promise<void> {
    const resumed = this.#resumed.get(session);
    if (resumed) resumed.ended = code === 0;
    if (killed) this.#kills.set(session, this.killsIn(session) + 1);
    const because = killed ? undefined : await this.#whyEnded(session, code);
    const signal: AgentSignal = because ? { type: 'broke_off', because } : { type: 'moved' };
    for (const following of this.#followings) if (following.session === session) following.tell(signal);
  }
}
