/** Reads the line that a person types to answer an ask. Pure. */
import { amountIn } from '../../contract/budget.js';
import type { AnswerRequest, Ask } from '../../contract/asks.js';

type Typed = AnswerRequest | { again: string };

/** An answer, or what to type instead. */
export function typedAnswer(ask: Ask, line: string): Typed {
  const typed = line.trim();
  const isReply =
    ask.kind === 'question' ||
    (ask.kind === 'cold' && ask.options?.some(({ label }) => label === typed)) ||
    (ask.budget && amountIn(typed) !== undefined);
  const typing = isReply ? replyTo(ask, typed) : decisionOn(ask, typed);
  return 'again' in typing ? typing : { ...typing, ask_id: ask.ask_id };
}

/** e.g. `a allow · s always in this session · d deny, d TEXT tells why` */
export function howToType({ kind, takes, options = [] }: Ask): string {
  if (kind === 'budget') return 'a as much again · s no limit any more · a number: the new limit · d stop';
  if (kind === 'cold') return ['a go on', ...options.map(({ label }) => label), 'd end it'].join(' · ');
  if (kind === 'question') {
    const number =
      options.length > 0 ? `1${options.length > 1 ? `-${options.length}` : ''}, or your own words` : 'your reply';
    return `${number}${takes.includes('deny') ? ' · d to decline' : ''}`;
  }
  const forms = [
    takes.includes('allow') && 'a allow',
    takes.includes('always') && 's always in this session',
    takes.includes('deny') && 'd deny, d TEXT tells why',
  ];
  return forms.filter(Boolean).join(' · ');
}

function replyTo({ takes, options = [] }: Ask, typed: string): Typed {
  if (typed === '') return { again: 'Type a reply.' };
  const labels = options.map(({ label }) => label);
  const chosen = /^\d+$/.test(typed) ? labels[Number(typed) - 1] : undefined;
  if (labels.includes(typed)) return { decision: 'reply', text: typed };
  if (chosen !== undefined) return { decision: 'reply', text: chosen };
  if (typed === 'd' && takes.includes('deny')) return { decision: 'deny' };
  return { decision: 'reply', text: typed };
}

const KEYS = { a: 'allow', allow: 'allow', s: 'always', always: 'always', d: 'deny', deny: 'deny' } as const;

function decisionOn(ask: Ask, typed: string): Typed {
  const [, key = '', text = ''] = /^(\S+)\s*([^]*)$/.exec(typed) ?? [];
  const word = key.toLowerCase();
  const decision = Object.hasOwn(KEYS, word) ? KEYS[word as keyof typeof KEYS] : undefined;
  if (decision === undefined || !ask.takes.includes(decision)) return { again: `Type one of: ${howToType(ask)}` };
  if (text === '') return { decision };
  if (decision === 'deny') return { decision, text };
  return { again: `Only a denial takes a text. Type ${key} alone, or d ${text}` };
}
