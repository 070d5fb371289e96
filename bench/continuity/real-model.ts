/**
 * How long a real model takes for a follow-up: Gemma 3 270M on one core of the processor, with its
 * own cache of what it has read. The time is that of the core, so what else the machine does is not
 * in it. The answers are those of the plan. Each token of them is made as any other, and then
 * replaced by the planned one. `scripts/fetch-model.mjs` fetches the model.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Measured } from './measured.js';
import { scaledTurns, type Step } from './times.js';

type Token = number;

/** What is used of node-llama-cpp 3.22, which is no dependency. */
interface Sequence {
  nextTokenIndex: number;
  adaptStateToTokens(tokens: Token[], allowShift: boolean): Promise<void>;
  evaluate(tokens: Token[]): AsyncGenerator<Token, void>;
  evaluateWithoutGeneratingNewTokens(tokens: Token[]): Promise<void>;
}
interface Model {
  tokenize(text: string): Token[];
  createContext(options: object): Promise<{ getSequence(): Sequence; dispose(): Promise<void> }>;
}
interface Runner {
  getLlama(
    this: void,
    options: object,
  ): Promise<{ loadModel(options: object): Promise<Model>; dispose(): Promise<void> }>;
}

export interface ModelTime {
  tokens: number;
  scale: string;
  turn: string;
  requests: number;
  /** Tokens that were not in the cache. */
  'read anew': number;
  'first token, s': number;
  'end, s': number;
}

const CACHE = process.env['CONTINUITY_MODEL_DIR'] || join(homedir(), '.cache', 'continuity', 'model');
const MODEL = join(CACHE, 'gemma-3-270m-q4_k_m.gguf');
const RUNNER = join(CACHE, 'node_modules', 'node-llama-cpp', 'dist', 'index.js');
/** In tokens, for what is not scaled exactly. */
const ROOM = 2048;

export function whyNoModel(): string | undefined {
  return existsSync(MODEL) && existsSync(RUNNER)
    ? undefined
    : 'The time of a real model is not measured, because Gemma 3 270M is not here. To fetch it: npm run model:fetch';
}

export async function modelTimes(
  asked: { files: number; followUp: number },
  measured: readonly Measured[],
  sizes: readonly number[],
  report: (line: string) => void,
): Promise<ModelTime[]> {
  const { getLlama } = (await import(pathToFileURL(RUNNER).href)) as Runner;
  const llama = await getLlama({ build: 'never', gpu: false, logLevel: 'error' });
  try {
    const model = await llama.loadModel({ modelPath: MODEL });
    const rows: ModelTime[] = [];
    for (const size of sizes) {
      const { scale, before, continued, fresh } = scaledTurns(asked, measured, size, (text) => model.tokenize(text));
      // Of a sliding window, llama.cpp would forget what is outside of it, and read all again.
      const context = await model.createContext({ contextSize: size + ROOM, swaFullCache: true, threads: 1 });
      const sequence = context.getSequence();
      // The cold turn comes first: its conversation begins with what is in the cache of the others.
      const turns = { cold: [[], continued], warm: [before, continued], fresh: [before, fresh] } as const;
      for (const [turn, [cached, steps]] of Object.entries(turns)) {
        const time = await timeOf(sequence, cached, steps);
        report(`${size} tokens, ${turn}: ${JSON.stringify(time)}`);
        rows.push({ tokens: size, scale: `1 : ${Math.round(1 / scale)}`, turn, requests: steps.length, ...time });
      }
      await context.dispose();
    }
    return rows;
  } finally {
    await llama.dispose();
  }
}

async function timeOf(sequence: Sequence, cached: readonly Token[], steps: readonly Step<Token>[]) {
  await sequence.adaptStateToTokens([...cached], false);
  const missing = cached.slice(sequence.nextTokenIndex);
  if (missing.length > 0) await sequence.evaluateWithoutGeneratingNewTokens(missing);
  const since = process.cpuUsage();
  const seconds = () => {
    const { user, system } = process.cpuUsage(since);
    return Number(((user + system) / 1e6).toFixed(2));
  };
  let [first, anew] = [NaN, 0];
  for (const { prompt, answer } of steps) {
    await sequence.adaptStateToTokens(prompt.slice(0, -1), false);
    const rest = prompt.slice(sequence.nextTokenIndex);
    anew += rest.length;
    await oneMore(sequence, rest);
    if (Number.isNaN(first)) first = seconds();
    for (const token of answer) await oneMore(sequence, [token]);
  }
  return { 'read anew': anew, 'first token, s': first, 'end, s': seconds() };
}

/** Reads the tokens, and makes one. It is not kept. */
async function oneMore(sequence: Sequence, tokens: Token[]): Promise<void> {
  const made = sequence.evaluate(tokens);
  await made.next();
  await made.return();
}
