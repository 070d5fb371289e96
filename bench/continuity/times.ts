/** What a person waits for: the agent, and a model that works on its requests. Pure. */
import type { Request, Turn } from './cost.js';
import type { Measured } from './measured.js';
import { DONE } from './plan.js';
import { followUpIn } from './table.js';

const seconds = (ms: number) => Number((ms / 1000).toFixed(1));

/** Where the model answers at once: what the agent and we take. */
export interface WallTime {
  files: number;
  'follow-up': number;
  'continued: first request, s': number;
  'continued: end, s': number;
  'fresh: first request, s': number;
  'fresh: end, s': number;
}

export function wallTimesOf(measured: readonly Measured[]): WallTime[] {
  return measured
    .filter(({ asked }) => asked.skips === 0)
    .map((fresh) => {
      const { files, followUp } = fresh.asked;
      const { continued } = followUpIn(files, followUp, measured);
      return {
        files,
        'follow-up': followUp,
        'continued: first request, s': seconds(continued.firstMs),
        'continued: end, s': seconds(continued.ms),
        'fresh: first request, s': seconds(fresh.firstMs),
        'fresh: end, s': seconds(fresh.ms),
      };
    });
}

/** Of one model: what it reads, and what it answers then. */
export interface Step<Token> {
  prompt: Token[];
  answer: Token[];
}

export interface Scaled<Token> {
  /** By how much each text was shortened. */
  scale: number;
  /** What the model has read before the follow-up. */
  before: Token[];
  continued: Step<Token>[];
  fresh: Step<Token>[];
}

/**
 * A follow-up and the same one in a fresh session, each text shortened alike, so that the longest
 * request of the follow-up has `most` tokens.
 */
export function scaledTurns<Token>(
  { files, followUp }: { files: number; followUp: number },
  measured: readonly Measured[],
  most: number,
  tokenize: (text: string) => Token[],
): Scaled<Token> {
  const { continued, before } = followUpIn(files, followUp, measured);
  const fresh = measured.find(({ asked }) => asked.followUp === followUp && asked.files === files && asked.skips === 0);
  if (!fresh) throw new Error(`Follow-up ${followUp} of ${files} files was not measured in a fresh session.`);
  const known = new Map<string, Token[]>();
  const tokensOf = (text: string) => {
    const tokens = known.get(text) ?? tokenize(text);
    known.set(text, tokens);
    return tokens;
  };
  const longest = continued.turn.at(-1) ?? [];
  const scale = Math.min(1, most / longest.reduce((sum, { text }) => sum + tokensOf(text).length, 0));
  const short = (text: string) => tokensOf(text).slice(0, Math.ceil(tokensOf(text).length * scale));
  const read = (request: Request) => request.flatMap(({ text }) => short(text));
  const steps = (turn: Turn) =>
    turn.map((request, at) => ({ prompt: read(request), answer: answerIn(request, turn[at + 1]).flatMap(short) }));
  return {
    scale,
    before: read(before.at(-1)?.at(-1) ?? []),
    continued: steps(continued.turn),
    fresh: steps(fresh.turn),
  };
}

/** What the model has written between a request and the next one. */
function answerIn(request: Request, next: Request | undefined): string[] {
  if (!next) return [DONE];
  return next.slice(request.length).flatMap(({ text, byModel }) => (byModel ? [text] : []));
}
