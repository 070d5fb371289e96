/**
 * What is asked and what is killed, from one seed. Pure: the same seed asks and kills the same,
 * though never at the same instant.
 */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

export interface Dice {
  /** From 0 to the number, both included. */
  upTo(most: number): number;
  /** One of the names, as often as its weight says. */
  pick<T extends string>(weights: Record<T, number>): T;
}

export function diceOf(seed: number): Dice {
  const rng = xoroshiro128plus(seed);
  const upTo = (most: number) => uniformInt(rng, 0, most);
  return {
    upTo,
    pick<T extends string>(weights: Record<T, number>): T {
      const entries = Object.entries<number>(weights) as [T, number][];
      let left = upTo(entries.reduce((sum, [, weight]) => sum + weight, 0) - 1);
      const found = entries.find(([, weight]) => (left -= weight) < 0);
      if (!found) throw new Error('No weights.');
      return found[0];
    },
  };
}

/**
 * How a prompt comes to its topic: waited for, submitted and asked for later, or by a plain signal.
 */
export type Way = 'delegate' | 'submit' | 'signal';

export interface PlannedPrompt {
  /** Unique, its `prompt_id`, and the only word that the model repeats. */
  label: string;
  topic: string;
  way: Way;
  text: string;
}

/** How a prompt has the model run a command, in the script of the model. */
export const COMMAND = 'COMMAND';
export const BASH = `[[bash: ${COMMAND}]]`;

/** The nth prompt of a client to a topic. */
export function promptOf(seed: number, topic: string, client: number, n: number, calls = BASH): PlannedPrompt {
  const label = `${topic}-c${client}-${n}`;
  const dice = diceOf(seed ^ hashOf(label));
  const way = dice.pick<Way>({ delegate: 4, submit: 3, signal: 3 });
  const kind = dice.pick({ text: 3, slow: 2, stream: 2, tool: 3, tools: 1 });
  const tool = () => calls.replace(COMMAND, `echo ${label} >> effects.txt; sleep 0.${dice.upTo(9)}`);
  const ms = 200 + dice.upTo(1200);
  const script = {
    text: '',
    slow: `[[slow: ${ms}]]`,
    stream: `[[stream: ${ms}]]`,
    tool: tool(),
    tools: tool() + tool(),
  }[kind];
  return { label, topic, way, text: `${label} ${script}`.trim() };
}

/** Many calls at once on one topic by one client, instead of its next prompt there. */
export interface Burst {
  topic: string;
  client: number;
  /** How many of its own prompts the client has asked there before. */
  after: number;
  /** Numbers of its prompts. */
  numbers: number[];
}

const FIRST_OF_BURST = 1000;

/**
 * From the last topic on: where topics come in fours, the operator leaves that one alone, and every
 * call reaches the agent.
 */
export function burstsOf(
  seed: number,
  { topics, clients, times, calls }: { topics: string[]; clients: number; times: number; calls: number },
): Burst[] {
  const dice = diceOf(seed ^ hashOf('bursts'));
  return Array.from({ length: Math.min(times, topics.length) }, (_, n) => {
    const at = topics.length - 1 - n;
    const first = FIRST_OF_BURST * (n + 1);
    return {
      topic: topics[at] ?? '',
      client: at % clients,
      after: 1 + dice.upTo(2),
      numbers: Array.from({ length: calls }, (_, i) => first + i),
    };
  });
}

/** Cheap: the model answers it with one text. */
export function burstPromptOf({ topic, client }: Burst, number: number): PlannedPrompt {
  const label = `${topic}-c${client}-${number}`;
  return { label, topic, way: number % 2 === 0 ? 'delegate' : 'submit', text: label };
}

export function isOfBurst(label: string): boolean {
  return Number(label.split('-').at(-1)) >= FIRST_OF_BURST;
}

export const LABEL = /t\d+-c\d+-\d+/;

/**
 * `agent`: one of its own programs, whose tools live on. `late worker`: the worker is stopped, and
 * comes back after so long that the server may have given up its turns.
 */
export const VICTIMS = {
  worker: 3,
  agent: 3,
  'agent and tools': 2,
  'worker and agent': 2,
  'late worker': 1,
  temporal: 2,
  client: 4,
  all: 1,
} as const;
export type Victim = keyof typeof VICTIMS;

/**
 * When a blow falls. All but the first wait for a moment of a turn, and then for at most so many
 * ms. `after the result`: the model's answer is whole, and the agent has yet to note it.
 */
export const MOMENTS = {
  'at any time': 8,
  'at a put': 2,
  'after a request': 2,
  'in a stream': 1,
  'in a tool': 2,
  'after the result': 2,
} as const;
export type Moment = keyof typeof MOMENTS;

export const WITHIN_MS: Record<Exclude<Moment, 'at any time'>, number> = {
  'at a put': 60,
  'after a request': 60,
  'in a stream': 200,
  'in a tool': 200,
  'after the result': 60,
};

/** Whether the person denies what this prompt asks. A reset asks again, and gets the same answer. */
export function isDenied(label: string): boolean {
  return diceOf(hashOf(label)).upTo(3) === 0;
}

function hashOf(text: string): number {
  let hash = 0;
  for (const character of text) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) | 0;
  return hash;
}
