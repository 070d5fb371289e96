/** What a turn waits for, what it asked and who answered, in a few words. */
import type { Ask, AskedInTurn, AskKind, Waiting } from '../contract/asks.js';
import { oneLine } from './one-line.js';

/** e.g. `permission for bash: rm -rf dist`, or `question: Which one? (a, b)` */
export function askWords({ kind, tool, text, options = [] }: Ask, length = 200): string {
  const what = kind === 'permission' && tool !== undefined ? `permission for ${tool}` : kind;
  const choice = options.length > 0 ? ` (${oneLine(options.map(({ label }) => label).join(', '), 100)})` : '';
  return `${what}: ${oneLine(text, length)}${choice}`;
}

/** What a denial does. It ends a sentence. */
export function afterDenial(kind: AskKind): string {
  if (kind === 'budget') return 'the turn ends';
  return kind === 'cold' ? 'the prompt ends without having been put in' : 'the turn goes on';
}

/** e.g. `waits for an answer: permission for bash: rm -rf dist` */
export function waitingWords(waiting: Waiting): string {
  if (waiting.for === 'answer') return `waits for an answer: ${askWords(waiting.ask, 80)}`;
  const what = waiting.for === 'quota' ? 'the limit of its provider' : 'its agent';
  return `waits for ${what}: ${waiting.because.code}`;
}

/** To a budget. */
const GRANTED = { allow: 'as much again', always: 'no limit any more', deny: 'stopped', reply: 'a new limit' };
/** To a cold session. */
const WENT_ON = { allow: 'goes on', always: 'goes on', deny: 'not put in', reply: 'answered' };
const DECIDED: typeof GRANTED = {
  allow: 'allowed',
  always: 'allowed for the session',
  deny: 'denied',
  reply: 'answered',
};

/** e.g. `bash: rm -rf dist → allowed by a person` */
export function askedWords({ kind, tool, text, decision, reply, by }: AskedInTurn): string {
  const what = kind === 'permission' && tool !== undefined ? `${tool}: ${text}` : text;
  const decided = kind === 'budget' ? GRANTED : kind === 'cold' ? WENT_ON : DECIDED;
  const how =
    by === 'time'
      ? `${decided.deny}, because nobody answered in time`
      : `${decided[decision] ?? decision} by ${by === 'config' ? 'the config' : 'a person'}${reply === undefined ? '' : `: ${oneLine(reply)}`}`;
  return `${oneLine(what, 120)} → ${how}`;
}
