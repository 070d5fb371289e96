/**
 * Our side of the fake agent: a driver that talks to its process over IPC, and starts another when
 * it died.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  AgentError,
  type Agent,
  type AgentOutcome,
  type OpenRequest,
  type RunningTool,
  type SessionRef,
} from '../../src/agents/agent.js';
import type { DriverCompaction } from '../../src/agents/compaction.js';
import {
  Unreachable,
  type AgentDriver,
  type AgentSignal,
  type DriverForkRequest,
  type KeyedPrompt,
  type PromptKey,
  type Sight,
} from '../../src/agents/driver.js';
import { createAgent, TurnRoom } from '../../src/agents/turn/create-agent.js';
import type { Answer, Ask } from '../../src/contract/asks.js';
import { defined } from '../../src/contract/defined.js';
import { failure, type FailureCode } from '../../src/contract/failures.js';
import { sumOf } from '../../src/contract/usage.js';
import type { Usage } from '../../src/contract/types.js';
import { cwdMissing } from '../../src/host/working-directory.js';
import type { PromptId, SessionId } from '../../src/contract/ids.js';

/** A prompt, or how its turn ended. */
interface SessionLine {
  prompt?: string;
  text?: string;
  end?: string;
  /** The prompt for which the model was asked, and what that used. */
  step?: string;
  usage?: Usage;
  /** How a compaction on request ended. */
  compaction?: 'done' | 'failed';
  /** A tool that ran because a person allowed it. */
  ran?: string;
  outcome?: AgentOutcome & { code?: FailureCode };
}

interface Held {
  lines: SessionLine[];
  /** The prompt whose turn works. */
  busy?: string;
}

/** What a compaction on request uses. */
const COMPACTION: Usage = {
  input_tokens: 990,
  output_tokens: 10,
  reasoning_tokens: 0,
  cache_read_tokens: 0,
  cache_write_tokens: 0,
};

const digest = (...facts: string[]) => createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 20);

class FakeDriver implements AgentDriver {
  readonly capabilities = {
    choosesSessionId: true,
    promptIds: true,
    repeatablePut: true,
    reattach: true,
    cancel: true,
    compactsWhenAsked: true,
    usage: 'per_turn',
  } as const;
  readonly storeIsSetBy = 'nothing';
  readonly log = 'its standard error';
  readonly maxPuts = 4;
  #child: ChildProcess | undefined;
  #generation = 0;
  #calls = 0;
  readonly #waiting = new Map<number, (answer: { result?: unknown; died?: true }) => void>();
  readonly #listeners = new Map<PromptKey, (signal: AgentSignal) => void>();

  constructor(readonly store: string) {}

  check() {
    return Promise.resolve();
  }

  async open({ seed, cwd }: OpenRequest) {
    if (!(await stat(cwd).catch(() => undefined))) throw new AgentError(cwdMissing(cwd), false);
    const session = `ses_${digest(seed)}` as SessionId;
    await this.#call('open', { session });
    return { session_id: session, store: this.store };
  }

  async fork({ seed, cwd, from, through }: DriverForkRequest) {
    const held = await this.#held(from);
    if (!held) throw new AgentError(failure('SESSION_LOST', `Session ${from.session_id} is gone.`), false);
    const at = held.lines.findIndex(({ prompt }) => prompt === through);
    if (at < 0) throw new AgentError(failure('OUTCOME_UNKNOWN', `There is no prompt ${through}.`), false);
    const next = held.lines.findIndex(({ prompt }, index) => index > at && prompt !== undefined);
    const { session_id } = await this.open({ seed, title: '', cwd });
    const file = join(this.store, `${session_id}.jsonl`);
    const lines = held.lines.slice(0, next < 0 ? undefined : next);
    if (readFileSync(file, 'utf8') === '')
      writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return { session_id, store: this.store };
  }

  keyOf({ session_id }: SessionRef, prompt: PromptId) {
    return `prompt_${digest(session_id, prompt)}` as PromptKey;
  }

  connect() {
    this.#process();
    return Promise.resolve(this.#generation);
  }

  recover() {
    return Promise.resolve();
  }

  async isBusy(session: SessionRef) {
    return (await this.#held(session))?.busy !== undefined;
  }

  async running({ session_id }: SessionRef) {
    return (await this.#call('running', { session: session_id })) as RunningTool[];
  }

  async look(session: SessionRef, wanted?: PromptKey): Promise<Sight | undefined> {
    const held = await this.#held(session);
    if (!held) return undefined;
    const { lines, busy } = held;
    const key = wanted ?? (lines.findLast(({ prompt }) => prompt !== undefined)?.prompt as PromptKey | undefined);
    const at = lines.findIndex(({ prompt }) => prompt !== undefined && prompt === key);
    const text = lines[at]?.text;
    const ends = lines.filter(({ end }) => end !== undefined && end === key);
    const outcome = ends.at(-1)?.outcome;
    const used = lines.flatMap(({ step, usage }) => (usage && step === key ? [usage] : []));
    const error = outcome?.code && failure(outcome.code, `The fake agent was asked to end as ${outcome.code}.`);
    return {
      ...(key && { key }),
      prompt: at < 0 ? 'absent' : 'present',
      ...(text !== undefined && { text }),
      ...(outcome && {
        end: { status: outcome.status, ...defined({ error, until: outcome.until, refused: outcome.refused }) },
      }),
      superseded: at >= 0 && lines.slice(at + 1).some(({ prompt }) => prompt !== undefined),
      busy: busy === undefined ? false : busy === key ? 'this' : 'ours',
      steps: used.length,
      fingerprint: JSON.stringify([at, outcome, ends.length, used.length]),
      done: () => [
        ...(busy !== undefined && busy === key ? [{ type: 'did', step: 'reading' } as const] : []),
        ...used.map((usage, step) => ({ type: 'used', step: String(step + 1), usage }) as const),
      ],
      said: () => ({
        reply: outcome?.reply ?? '',
        ...(used.length > 0 && { usage: sumOf(used) }),
        ...defined({ reply_parts: outcome?.reply_parts, model: outcome?.model, compacted: outcome?.compacted }),
        ...defined({ context: outcome?.context }),
      }),
    };
  }

  async put(session: SessionRef, { key, text }: KeyedPrompt) {
    const code = (await this.#call('put', {
      session: session.session_id,
      id: key,
      prompt: text,
      model: session.model,
    })) as FailureCode | null;
    return code ? failure(code, `The fake agent was asked to end as ${code}.`) : undefined;
  }

  /** A mark is how many lines the session has. */
  readonly compaction: DriverCompaction = {
    mark: async (session) => String((await this.#held(session))?.lines.length ?? 0),
    start: async ({ session_id }) => void (await this.#call('compact', { session: session_id })),
    look: async (session, mark) => {
      const since = (await this.#held(session))?.lines.slice(Number(mark)) ?? [];
      const end = since.findLast(({ compaction }) => compaction !== undefined)?.compaction;
      if (end === 'failed') return { is: 'failed', because: 'The fake agent was asked to fail.' };
      return end ? { is: 'done', usage: COMPACTION } : { is: 'absent' };
    },
  };

  async abort({ session_id }: SessionRef) {
    await this.#call('abort', { session: session_id });
  }

  async asks({ session_id }: SessionRef) {
    return (await this.#call('asks', { session: session_id })) as Ask[];
  }

  async answer({ session_id }: SessionRef, { ask_id }: Ask, answer: Answer) {
    await this.#call('answer', { session: session_id, ask_id, answer });
  }

  listen(_session: SessionRef, key: PromptKey, on: (signal: AgentSignal) => void) {
    this.#listeners.set(key, on);
    return () => void (this.#listeners.get(key) === on && this.#listeners.delete(key));
  }

  /** Only one that a person began: `begin` notes where. */
  find(session: SessionId) {
    const note = join(this.store, `${session}.begun`);
    if (!existsSync(note)) return Promise.resolve(undefined);
    const { cwd, model } = JSON.parse(readFileSync(note, 'utf8')) as { cwd: string; model: string };
    return Promise.resolve({ session_id: session, cwd, model, updated_at: statSync(note).mtime.toISOString() });
  }

  transcript() {
    return Promise.resolve([]);
  }

  interactive() {
    return Promise.reject(new AgentError(failure('AGENT_NOT_FOUND', 'The fake agent has no interface.'), false));
  }

  describe() {
    return Promise.resolve({ version: '0', program: 'fake', store: this.store });
  }

  close() {
    this.#child?.disconnect();
    this.#child = undefined;
    return Promise.resolve();
  }

  async #held({ session_id }: SessionRef): Promise<Held | undefined> {
    return ((await this.#call('look', { session: session_id })) as Held | null) ?? undefined;
  }

  #call(operation: string, request: object): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const call = (this.#calls += 1);
      this.#waiting.set(call, ({ result, died }) =>
        died ? reject(new Unreachable('The fake agent died')) : resolve(result),
      );
      this.#process().send({ call, operation, ...request });
    });
  }

  #process(): ChildProcess {
    if (this.#child) return this.#child;
    const child = fork(fileURLToPath(new URL('fake-agent-process.mjs', import.meta.url)), [this.store], {
      execArgv: [],
    });
    child.on('message', (message: { call: number; result?: unknown } | { signal: AgentSignal; id: PromptKey }) => {
      if ('signal' in message) return this.#listeners.get(message.id)?.(message.signal);
      this.#waiting.get(message.call)?.(message);
      this.#waiting.delete(message.call);
    });
    child.on('exit', () => {
      if (this.#child === child) this.#child = undefined;
      for (const receive of this.#waiting.values()) receive({ died: true });
      this.#waiting.clear();
      for (const on of this.#listeners.values()) on({ type: 'moved' });
    });
    this.#child = child;
    this.#generation += 1;
    return child;
  }
}

export type FakeAgent = ReturnType<typeof newFakeAgent>;

export function newFakeAgent(dataDir: string, name = 'fake') {
  const store = join(dataDir, 'fake-agent');
  const room = new TurnRoom(join(dataDir, 'agents', name), () => undefined);
  const linesIn = (session: string): SessionLine[] =>
    readFileSync(join(store, `${session}.jsonl`), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as SessionLine);
  const agent: Agent = createAgent({ name, room, driver: new FakeDriver(store) });
  return {
    ...agent,
    store,
    /** The prompts that a session holds: the third side from which promises are checked. */
    promptsIn: (session: string) => linesIn(session).flatMap(({ text }) => (text === undefined ? [] : [text])),
    /** The tools that ran because somebody allowed them. */
    ranIn: (session: string) => linesIn(session).flatMap(({ ran }) => (ran === undefined ? [] : [ran])),
    /** How the turn of a prompt ended, in the agent's own words; nothing while it runs. */
    outcomeIn(session: string, prompt: string): string | undefined {
      const lines = linesIn(session);
      const id = lines.find(({ text }) => text === prompt)?.prompt;
      return lines.find(({ end }) => end !== undefined && end === id)?.outcome?.status;
    },
    /** As a person does it in the agent's own interface. */
    begin(cwd: string, prompt: string): SessionId {
      const session = `ses_${digest(cwd, prompt)}` as SessionId;
      mkdirSync(store, { recursive: true });
      writeFileSync(join(store, `${session}.begun`), JSON.stringify({ cwd, model: 'their/model' }));
      const lines = [
        { prompt: 'theirs', text: prompt },
        { end: 'theirs', outcome: { status: 'completed', reply: 'Done.' } },
      ];
      writeFileSync(join(store, `${session}.jsonl`), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      return session;
    },
    /** Removes a session behind our back. */
    lose: (session: string | null) => rmSync(join(store, `${session}.jsonl`)),
  };
}
