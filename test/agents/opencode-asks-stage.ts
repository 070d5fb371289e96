/**
 * Turns of OpenCode's driver without the turn protocol, so that a test says itself when an ask is
 * answered, and by which worker.
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import type { SessionRef, TranscriptMessage } from '../../src/agents/agent.js';
import type { AgentDriver, AgentSignal, KeyedPrompt } from '../../src/agents/driver.js';
import { createOpenCodeDriver } from '../../src/agents/opencode/driver.js';
import type { Answer, Ask } from '../../src/contract/asks.js';
import type { PromptId } from '../../src/contract/ids.js';
import { openCodeUnderTest, type OpenCodeUnderTest } from './opencode-under-test.js';
import { never } from './run.js';

const patiently = { timeout: 60_000, interval: 100 };
/** An idle session has looked the same so often before its turn is continued. */
const LOOKS = 4;

export type AskingDriver = AgentDriver & Required<Pick<AgentDriver, 'asks' | 'answer'>>;

export interface Stage {
  under: OpenCodeUnderTest;
  /** What a worker has. A new one takes over what the one before left. */
  worker(): AskingDriver;
  open(): Promise<SessionRef>;
  start(session: SessionRef, prompt: string): Promise<Turn>;
  /** The lines of a file in the working directory. */
  linesOf(file: string): Promise<string[]>;
  close(): Promise<void>;
}

export interface Turn {
  signals: AgentSignal[];
  /** Waits until so many asks are open. */
  asks(count?: number): Promise<Ask[]>;
  answer(ask: Ask | undefined, answer: Answer): Promise<void>;
  /** Continues the turn if it was cut off. @returns its reply once it has ended */
  end(): Promise<string>;
  /** What became of the calls of tools, oldest first. */
  outputs(): Promise<string[]>;
}

/** `permission: undefined` leaves OpenCode's own defaults. */
export async function askingStage(config: object = { permission: undefined }): Promise<Stage> {
  const under = await openCodeUnderTest(config);
  const env = { ...process.env, ...under.env };
  let driver: AskingDriver;
  const worker = () => {
    const config = { kind: 'opencode' as const };
    const made = createOpenCodeDriver({ config, dataDir: under.dataDir, env, log: () => undefined });
    if (!isAsking(made)) throw new Error('The driver takes no answers.');
    return (driver = made);
  };
  worker();
  return {
    under,
    worker,
    async open() {
      const seed = randomUUID();
      const opened = await driver.open({ seed, title: seed, cwd: under.cwd, model: under.model }, never);
      return { ...opened, model: under.model, cwd: under.cwd };
    },
    async start(session, prompt) {
      const keyed = { key: driver.keyOf(session, randomUUID() as PromptId), text: prompt };
      await driver.connect(session);
      const signals: AgentSignal[] = [];
      driver.listen(session, keyed.key, (signal) => signals.push(signal));
      await goOn(driver, session, keyed);
      return turnOf(() => driver, session, keyed, signals);
    },
    linesOf: (file) =>
      readFile(join(under.cwd, file), 'utf8').then(
        (text) => text.trim().split('\n'),
        () => [], // ENOENT: nothing was written.
      ),
    async close() {
      await driver.close({ stop: true });
      await under.dispose();
    },
  };
}

const isAsking = (driver: AgentDriver): driver is AskingDriver => 'asks' in driver && 'answer' in driver;

async function goOn(driver: AgentDriver, session: SessionRef, prompt: KeyedPrompt): Promise<void> {
  const sight = await driver.look(session, prompt.key);
  if (!sight) throw new Error(`Session ${session.session_id} is gone.`);
  const refused = await driver.put(session, prompt, sight);
  if (refused) throw new Error(refused.message);
}

function turnOf(driver: () => AskingDriver, session: SessionRef, prompt: KeyedPrompt, signals: AgentSignal[]): Turn {
  let seen: { fingerprint: string; times: number } | undefined;
  /** As the turn protocol does it. @returns the reply of a turn that has ended */
  async function step(): Promise<string | undefined> {
    await driver().connect(session);
    const sight = await driver().look(session, prompt.key);
    if (!sight) throw new Error(`Session ${session.session_id} is gone.`);
    if (sight.end && !sight.busy)
      return `${sight.end.status}: ${sight.said().reply || (sight.end.error?.message ?? '')}`;
    const { busy, fingerprint } = sight;
    if (busy) seen = undefined;
    else seen = { fingerprint, times: seen?.fingerprint === fingerprint ? seen.times + 1 : 1 };
    if (seen?.times === LOOKS) await goOn(driver(), session, prompt);
    return undefined;
  }
  return {
    signals,
    asks: (count = 1) =>
      vi.waitFor(async () => {
        if ((await step()) !== undefined) throw new Error('The turn has ended.');
        const asks = await driver().asks(session);
        expect(asks).toHaveLength(count);
        return asks;
      }, patiently),
    async answer(ask, answer) {
      if (!ask) throw new Error('There is no such ask.');
      await driver().answer(session, ask, answer);
    },
    async end() {
      for (const end = Date.now() + patiently.timeout; Date.now() < end; await sleep(patiently.interval)) {
        const reply = await step();
        if (reply !== undefined) return reply;
        expect(await driver().asks(session)).toEqual([]);
      }
      throw new Error('The turn does not end.');
    },
    outputs: async () => outputsOf(await driver().transcript(session)),
  };
}

const outputsOf = (messages: TranscriptMessage[]) =>
  messages.flatMap(({ parts }) => parts.flatMap((part) => (part.type === 'tool' ? [part.output ?? part.status] : [])));
