/**
 * Has the agent compact the conversation before the prompt is put in. Each try is noted before it starts, so
 * a later attempt looks for it instead of starting another one. After two failed tries, the prompt is put in
 * as it is.
 */
import { defined } from '../../contract/defined.js';
import type { Usage } from '../../contract/types.js';
import { sumOf } from '../../contract/usage.js';
import { AgentError, type RunningTool, type SessionRef } from '../agent.js';
import type { CompactionSight } from '../compaction.js';
import type { AgentDriver, PromptKey, Sight } from '../driver.js';
import { COMPACTS } from '../shared/compactions.js';
import type { PromptNotes } from './prompt-notes.js';
import { LOOK_AGAIN_MS } from './settle.js';

const MOST_TRIES = 2;
/** A request of a dead attempt may still reach the agent. */
const ABSENT_FOR_MS = 4 * LOOK_AGAIN_MS;
const POLL_MS = 1_000;
const MAX_REASON = 200;

interface Noted {
  tries: number;
  /** The end of the conversation before the last try (`DriverCompaction.mark`). */
  mark?: string;
  /** The same before the first try. */
  from?: string;
  used?: Usage;
  /** `done`, or why there was none. Absent: it is not over. */
  end?: 'done' | { failed: string };
}

/** Stands for the look of a driver that cannot compact. */
const NOT_STARTED: CompactionSight = { is: 'absent' };

type Context = { driver: AgentDriver; notes: Pick<PromptNotes, 'add' | 'read'> };

export class Compacting {
  /** Shown as a running tool, so that the stall limit does not end it. */
  readonly asTool: RunningTool = { id: 'compaction', step: COMPACTS };
  isRunning = false;
  #noted: Noted | undefined;
  #isRead = false;
  #absentSince: number | undefined;

  constructor(
    private readonly context: Context,
    private readonly session: SessionRef,
    private readonly key: PromptKey,
  ) {}

  /** Notes that the conversation is compacted before the prompt is put in. Durable once it returns. */
  async decided(): Promise<void> {
    if (!(await this.#read())) await this.#note({ tries: 0 });
  }

  /** The end of the conversation before the first try. Absent: none was started. */
  async from(): Promise<string | undefined> {
    const noted = await this.#read();
    return noted?.from ?? noted?.mark;
  }

  /**
   * Brings the compaction one step further.
   *
   * @returns how many ms to wait until the next look. `undefined`: the prompt can be put in
   * @throws Unreachable
   */
  async step(sight: Sight, isCancelled: boolean): Promise<number | undefined> {
    this.isRunning = false;
    const noted = await this.#read();
    if (sight.prompt === 'present' || !noted || noted.end) return undefined;
    const { compaction } = this.context.driver;
    if (!compaction) return this.#ends(noted, { failed: 'this agent does not compact when it is asked to' });
    const seen = noted.mark === undefined ? NOT_STARTED : await compaction.look(this.session, noted.mark);
    if (seen.is === 'running') return this.#runs(isCancelled);
    if (seen.is === 'done') return this.#ends(withUse(noted, seen.usage), 'done');
    // The session is busy, or the prompt was cancelled. The protocol decides what comes next.
    if (isCancelled || sight.busy) return undefined;
    if (seen.is === 'absent' && noted.mark !== undefined && !this.#isSettled()) return LOOK_AGAIN_MS;
    return this.#start(seen.is === 'failed' ? withUse(noted, seen.usage) : noted, seen);
  }

  /** Adds to the sight what the compaction has used, and whether it compacted. */
  async counted(sight: Sight): Promise<Sight> {
    const noted = await this.#read();
    if (!noted) return sight;
    const { used, end } = noted;
    return {
      ...sight,
      said: () => {
        const said = sight.said();
        const usage = used && said.usage ? sumOf([said.usage, used]) : (said.usage ?? used);
        return {
          ...said,
          ...defined({ usage }),
          ...(end === 'done' && { compacted: (said.compacted ?? 0) + 1 }),
          ...(typeof end === 'object' && { not_compacted: end.failed }),
        };
      },
    };
  }

  async #runs(isCancelled: boolean): Promise<number> {
    this.isRunning = true;
    this.#absentSince = undefined;
    if (isCancelled) await this.context.driver.abort(this.session);
    return POLL_MS;
  }

  #isSettled(): boolean {
    this.#absentSince ??= performance.now();
    return performance.now() - this.#absentSince >= ABSENT_FOR_MS;
  }

  async #start(noted: Noted, seen: CompactionSight): Promise<number> {
    const { compaction } = this.context.driver;
    this.#absentSince = undefined;
    if (!compaction || noted.tries >= MOST_TRIES)
      return this.#ends(noted, { failed: (seen.is === 'failed' && seen.because) || 'it broke off twice' });
    const tries = noted.tries + 1;
    try {
      const mark = await compaction.mark(this.session);
      await this.#note({ ...noted, tries, mark, from: noted.from ?? noted.mark ?? mark });
      await compaction.start(this.session, this.key, tries);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      return this.#ends({ ...noted, tries }, { failed: error.message });
    }
    this.isRunning = true;
    return LOOK_AGAIN_MS;
  }

  /** The next look decides how to go on. */
  async #ends(noted: Noted, end: NonNullable<Noted['end']>): Promise<number> {
    const told = end === 'done' ? end : { failed: end.failed.replace(/\s+/g, ' ').trim().slice(0, MAX_REASON) };
    await this.#note({ ...noted, end: told });
    return 0;
  }

  async #read(): Promise<Noted | undefined> {
    if (!this.#isRead) this.#noted = notedIn(await this.context.notes.read('compaction', this.key));
    this.#isRead = true;
    return this.#noted;
  }

  async #note(noted: Noted): Promise<void> {
    await this.context.notes.add('compaction', this.key, JSON.stringify(noted));
    this.#noted = noted;
    this.#isRead = true;
  }
}

/** Whether the agent compacts for this prompt. Then a stop of the prompt also stops the compaction. */
export async function isCompacting({ driver, notes }: Context, session: SessionRef, key: PromptKey): Promise<boolean> {
  const noted = notedIn(await notes.read('compaction', key));
  if (!driver.compaction || noted?.mark === undefined || noted.end) return false;
  return (await driver.compaction.look(session, noted.mark)).is === 'running';
}

const withUse = (noted: Noted, usage: Usage | undefined): Noted =>
  usage ? { ...noted, used: sumOf([...(noted.used ? [noted.used] : []), usage]) } : noted;

function notedIn(text: string | undefined): Noted | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as Noted);
  } catch {
    return { tries: MOST_TRIES, end: { failed: 'what was noted of it cannot be read' } }; // SyntaxError: a broken disk.
  }
}
