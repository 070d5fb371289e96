/**
 * The turn protocol against an agent in memory: any order of kills, lost events, late stores,
 * unreachable looks, cancels and a person's own turns keeps promise 2 (put in once, always
 * answered) and promise 3 (one writer). Time is simulated, so minutes pass in milliseconds.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Agent, AgentOutcome, SessionRef } from '../../src/agents/agent.js';
import {
  Unreachable,
  type AgentDriver,
  type AgentSignal,
  type KeyedPrompt,
  type PromptKey,
  type Sight,
} from '../../src/agents/driver.js';
import { createAgent, TurnRoom } from '../../src/agents/turn/create-agent.js';
import type { PromptId, SessionId } from '../../src/contract/ids.js';

const STEP_MS = 300;
const NEVER_MS = 60 * 60 * 1000;
/** How long an answer of the program takes. */
const CALL_MS = 5;
/** Below LOOK_AGAIN_MS, which is the assumption of the protocol. */
const LATEST_MS = 350;
const AROUND_A_PUT_MS = 60;
const session: SessionRef = { session_id: 'ses_1' as SessionId, cwd: '/', store: 'memory' };

interface Message {
  key: string;
  text: string;
  steps: number;
  end?: Sight['end'];
}

interface Kind {
  /** Whether the program shows under which id it holds a prompt. */
  ids: boolean;
  /** Whether the same prompt can be put in again without harm. */
  repeatable: boolean;
}

/**
 * The agent's program and its store. A kill ends what works, and what was acknowledged but not
 * stored yet.
 */
class Program {
  readonly store: Message[] = [];
  readonly broken: string[] = [];
  /** Whose cancel was confirmed. */
  readonly stopped = new Set<string>();
  generation = 1;
  hears = true;
  unreachableUntil = 0;
  /** A worker of ours that listens. */
  on: ((signal: AgentSignal) => void) | undefined;
  #working: { key: string; timer: NodeJS.Timeout } | undefined;
  readonly #arriving = new Set<NodeJS.Timeout>();
  readonly #next = new Set<string>();
  #onTake: () => void = () => undefined;

  constructor(readonly is: Kind & { late: number; steps: number }) {}

  /** Resolves when the program gets its next prompt. It stores that prompt later. */
  nextTake(): Promise<void> {
    return new Promise((resolve) => (this.#onTake = resolve));
  }

  get busy(): string | undefined {
    return this.#working?.key;
  }

  kill(): void {
    this.generation += 1;
    clearTimeout(this.#working?.timer);
    for (const timer of this.#arriving) clearTimeout(timer);
    this.#arriving.clear();
    this.#next.clear();
    this.#working = undefined;
  }

  take(key: string, text: string): void {
    this.#onTake();
    const timer = setTimeout(() => {
      this.#arriving.delete(timer);
      const held = this.store.some((message) => message.key === key);
      if (held && !this.is.repeatable) this.broken.push(`${key} was put in twice`);
      if (!held) this.store.push({ key, text, steps: 0 });
      this.work(key);
    }, this.is.late);
    this.#arriving.add(timer);
  }

  work(key: string): void {
    if (this.#working?.key === key && this.is.repeatable) return; // The same request again changes nothing.
    // A person may begin in the moment between our look and our prompt: the agent answers one after
    // the other.
    if (this.#working?.key.startsWith('person')) return void this.#next.add(key);
    if (this.#working) this.broken.push(`${key} began while ${this.#working.key} worked`);
    const message = this.store.find((one) => one.key === key);
    if (!message || message.end) return;
    const step = () => {
      message.steps += 1;
      if (message.steps >= this.is.steps) return this.#ended(message, { status: 'completed' });
      this.#working = { key, timer: setTimeout(step, STEP_MS) };
    };
    this.#working = { key, timer: setTimeout(step, STEP_MS) };
  }

  abort(): void {
    const message = this.store.find(({ key }) => key === this.busy);
    clearTimeout(this.#working?.timer);
    if (message) this.#ended(message, { status: 'cancelled' });
  }

  #ended(message: Message, end: Message['end']): void {
    if (end) message.end = end;
    this.#working = undefined;
    const [next] = this.#next;
    this.#next.clear();
    if (next !== undefined) this.work(next);
    if (this.hears) this.on?.({ type: 'moved' });
  }
}

/**
 * How one worker reaches the program. A worker that was killed never gets an answer; what it sent
 * is carried out.
 */
function driverOf(program: Program, worker: { isAlive: boolean }): AgentDriver {
  const answer = async <T>(deed: () => T): Promise<T> => {
    if (!worker.isAlive) await new Promise(() => undefined);
    const result = deed();
    await new Promise((resolve) => setTimeout(resolve, CALL_MS));
    if (!worker.isAlive) await new Promise(() => undefined);
    if (Date.now() < program.unreachableUntil) throw new Unreachable('The program did not answer');
    return result;
  };
  /** An agent without ids: this worker knows which prompts it put into the program that runs now. */
  const known = new Set<string>();
  const isSeen = (key: string | undefined) => program.is.ids || known.has(`${program.generation} ${key}`);
  const isOurs = (key: string | undefined) => key !== undefined && !key.startsWith('person');
  const look = (wanted?: PromptKey): Sight => {
    const last = program.store.at(-1);
    const key = wanted ?? last?.key;
    const at = isSeen(key) ? program.store.findIndex((message) => message.key === key) : -1;
    const message = program.store[at];
    const { busy } = program;
    return {
      ...(isOurs(key) && { key: key as PromptKey }),
      prompt: message ? 'present' : 'absent',
      ...(message && { text: message.text }),
      ...(message?.end && { end: message.end }),
      superseded: at >= 0 && at < program.store.length - 1,
      busy:
        busy === undefined
          ? false
          : busy === key && isOurs(key) && isSeen(key)
            ? 'this'
            : isOurs(busy)
              ? 'ours'
              : 'theirs',
      steps: message?.steps ?? 0,
      fingerprint: JSON.stringify([at, message?.steps, message?.end]),
      done: () => [],
      said: () => ({ reply: message?.end ? `done: ${message.text}` : '' }),
    };
  };
  return {
    capabilities: {
      choosesSessionId: true,
      promptIds: program.is.ids,
      repeatablePut: program.is.repeatable,
      reattach: true,
      cancel: true,
      usage: 'none',
    },
    store: 'memory',
    storeIsSetBy: 'nothing',
    log: 'none',
    maxPuts: 4,
    check: () => Promise.resolve(),
    open: () => Promise.resolve(session),
    keyOf: (_, prompt) => `ours-${prompt}` as PromptKey,
    connect: () => answer(() => program.generation),
    recover: () => Promise.resolve(),
    isBusy: () => answer(() => program.busy !== undefined),
    look: (_, key) => answer(() => look(key)),
    put: (_, { key, text }: KeyedPrompt, { prompt, busy, superseded }) =>
      answer(() => {
        if (busy) program.broken.push(`${key} was put in although the look saw that something works`);
        if (superseded) program.broken.push(`${key} was gone on with although a later prompt follows`);
        known.add(`${program.generation} ${key}`);
        if (program.stopped.has(key)) program.broken.push(`${key} was put in although it was cancelled`);
        if (prompt === 'present') program.work(key);
        else program.take(key, text);
        return undefined;
      }),
    abort: () => answer(() => program.abort()),
    listen: (_session, _key, on) => {
      program.on = on;
      return () => (program.on = undefined);
    },
    transcript: () => Promise.resolve([]),
    interactive: () => Promise.reject(new Error('It has none.')),
    describe: () => Promise.resolve({}),
    close: () => Promise.resolve(),
  };
}

const DEEDS = [
  'kill the agent',
  'kill the worker',
  'kill both',
  'lose events',
  'do not answer',
  'cancel',
  'a person asks',
] as const;
type Deed = (typeof DEEDS)[number];

class Worker {
  readonly #state = { isAlive: true };
  readonly agent: Agent;
  readonly #detach = new AbortController();
  constructor(program: Program, folder: string) {
    this.agent = createAgent({
      name: 'memory',
      driver: driverOf(program, this.#state),
      room: new TurnRoom(folder, () => undefined),
    });
  }

  async ask(prompt: string): Promise<AgentOutcome> {
    for await (const event of this.agent.turn(
      { session, prompt_id: prompt as PromptId, prompt },
      this.#detach.signal,
    )) {
      if (event.type === 'outcome') return event.outcome;
    }
    throw new Error('There was no outcome.');
  }

  kill(): void {
    this.#state.isAlive = false;
  }
}

const realTick = setImmediate;
/** Lets simulated time pass until the work is done; files are read in real time. */
async function passTimeUntil<T>(work: Promise<T>): Promise<T> {
  let isDone = false;
  const end = () => (isDone = true);
  work.then(end, end);
  for (const giveUpAt = Date.now() + NEVER_MS; !isDone;) {
    if (Date.now() > giveUpAt) throw new Error('The turn was not answered within an hour.');
    await new Promise((resolve) => realTick(resolve));
    await vi.advanceTimersByTimeAsync(20);
  }
  return work;
}

beforeEach(
  () => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] }),
);
afterEach(() => void vi.useRealTimers());

interface Run {
  program: Program;
  outcomes: { prompt: string; outcome: AgentOutcome }[];
  /** Prompts that were cancelled while they were the newest. */
  cancelled: Set<string>;
  /** Whether a person asked something. */
  wasDisturbed: boolean;
}

interface Planned {
  /** Counted from the next put, if `atPut`; else from the deed before. */
  afterMs: number;
  atPut?: boolean;
  deed: Deed;
}

async function run(is: Program['is'], prompts: number, deeds: Planned[]): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'continuity-protocol-'));
  const program = new Program(is);
  let worker = new Worker(program, folder);
  let successor = () => {};
  let asked = '';
  let stopping: Promise<unknown> | undefined;
  const result: Run = { program, outcomes: [], cancelled: new Set(), wasDisturbed: false };
  const todo: Record<Deed, () => void> = {
    'kill the agent': () => program.kill(),
    'kill the worker': () => {
      worker.kill();
      stopping = undefined;
      program.on = undefined;
      worker = new Worker(program, folder);
      successor();
    },
    'kill both': () => {
      todo['kill the agent']();
      todo['kill the worker']();
    },
    'lose events': () => (program.hears = !program.hears),
    'do not answer': () => (program.unreachableUntil = Date.now() + 700),
    cancel: () => {
      result.cancelled.add(asked);
      const key = `ours-${asked}`;
      const stopped = () => void program.stopped.add(key);
      // A killed worker's never ends.
      const mine = worker.agent.cancel(session, new AbortController().signal).then(stopped, () => undefined);
      stopping = Promise.all([stopping, mine]);
    },
    'a person asks': () => {
      if (program.busy !== undefined) return;
      result.wasDisturbed = true;
      const key = `person-${program.store.length}`;
      program.store.push({ key, text: key, steps: 0 });
      program.work(key);
    },
  };
  const disturb = async () => {
    for (const { afterMs, atPut = false, deed } of deeds) {
      if (atPut) await program.nextTake();
      await new Promise((resolve) => setTimeout(resolve, atPut ? afterMs % AROUND_A_PUT_MS : afterMs));
      todo[deed]();
    }
  };
  try {
    void disturb();
    for (let number = 1; number <= prompts; number++) {
      asked = `prompt ${number}`;
      const answered = (async () => {
        for (;;) {
          const killed = new Promise<undefined>((resolve) => (successor = () => resolve(undefined)));
          const outcome = await Promise.race([worker.ask(asked), killed]);
          // Its caller lets a stop end before the next turn begins: it would reach that one.
          if (outcome) return Promise.race([stopping, killed]).then(() => outcome);
        }
      })();
      result.outcomes.push({ prompt: asked, outcome: await passTimeUntil(answered) });
    }
    return result;
  } finally {
    vi.clearAllTimers();
    await rm(folder, { recursive: true, force: true, maxRetries: 10 }); // A killed worker may still write.
  }
}

test.each([
  ['takes a prompt again without harm', { ids: true, repeatable: true }],
  ['takes a prompt once', { ids: true, repeatable: false }],
  ['shows no prompt ids', { ids: false, repeatable: false }],
])(
  'any order of kills, lost events, late stores, unreachable looks and cancels keeps promises 2 and 3, if the agent %s',
  async (_, kind) => {
    const planned = fc.record({
      afterMs: fc.integer({ min: 0, max: 900 }),
      atPut: fc.boolean(),
      deed: fc.constantFrom(...DEEDS),
    });
    const deeds = fc.array(planned, { maxLength: 7 });
    const property = fc.asyncProperty(
      fc.integer({ min: 0, max: LATEST_MS }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      deeds,
      async (late, steps, prompts, given) => {
        const { program, outcomes, cancelled, wasDisturbed } = await run({ ...kind, late, steps }, prompts, given);
        const mayBeUnknown = wasDisturbed || (!kind.ids && given.length > 0);
        expect(program.broken).toEqual([]);
        for (const { prompt, outcome } of outcomes) {
          const held = program.store.filter(({ key }) => key === `ours-${prompt}`);
          expect(held.length).toBeLessThanOrEqual(1);
          if (outcome.status === 'completed') expect(outcome.reply).toBe(`done: ${prompt}`);
          else if (outcome.status === 'cancelled') expect(cancelled).toContain(prompt);
          else
            expect({ code: outcome.error?.code, mayBeUnknown }).toEqual({
              code: 'OUTCOME_UNKNOWN',
              mayBeUnknown: true,
            });
        }
      },
    );
    await fc.assert(property, { numRuns: Number(process.env.PROTOCOL_RUNS ?? 150) });
  },
);

test('a prompt whose request a dead worker had sent is looked for twice, and is put in once', async () => {
  const { program, outcomes } = await run({ ids: true, repeatable: false, late: LATEST_MS, steps: 1 }, 1, [
    { afterMs: 0, atPut: true, deed: 'kill the worker' },
  ]);
  expect(program.broken).toEqual([]);
  expect(outcomes).toMatchObject([{ outcome: { status: 'completed', reply: 'done: prompt 1' } }]);
});
