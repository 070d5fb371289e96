/** What a turn or a topic may use before a person is asked: pure. Anyone may import this. */
import type { Answer } from './asks.js';

export const BUDGETS = ['cost_per_turn', 'cost_per_topic', 'tokens_per_turn', 'steps_per_turn'] as const;
/**
 * `cost_*` in US dollars. `tokens_per_turn` counts input, cached or not, and output.
 * `steps_per_turn` counts how often the model was asked.
 */
export type BudgetName = (typeof BUDGETS)[number];

/** The budgets that a prompt may bring for its own turn, with its check rounds. */
export type TurnBudgets = Partial<Record<Exclude<BudgetName, 'cost_per_topic'>, number>>;

/** A limit that was reached. */
export interface ReachedBudget {
  name: BudgetName;
  /** The limit that was reached. */
  limit: number;
  /** What was used when it was reached. */
  used: number;
  /** By how much `allow` raises it: the limit as config or the prompt has it. */
  step: number;
  /** The turn that has reached it. */
  turn: number;
}

/** The limit after an answer. Infinite after `always`. `undefined`: there is no more. */
export function raisedTo({ used, step }: ReachedBudget, { decision, text }: Answer): number | undefined {
  if (decision === 'allow') return used + step;
  if (decision === 'always') return Infinity;
  return decision === 'reply' ? amountIn(text) : undefined;
}

/** A limit as a person writes it, e.g. `10`, `$10`, `2,000,000` or `200k`. */
export function amountIn(text: string | undefined): number | undefined {
  const [, digits = '', unit = ''] =
    /^\$?\s*((?:\d{1,3}(?:[,_]\d{3})+|\d+)(?:\.\d+)?|\.\d+)\s*([km]?)$/i.exec(text?.trim() ?? '') ?? [];
  const amount = Number(digits.replace(/[,_]/g, '')) * (THOUSANDS[unit.toLowerCase()] ?? 1);
  return Number.isFinite(amount) && amount > 0 ? amount : undefined;
}

const THOUSANDS: Record<string, number> = { k: 1_000, m: 1_000_000 };

/** Whether a value can be a budget. */
export const isAmount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value > 0;

/** e.g. `$4.98`, `12,000 tokens` or `3 steps` */
export function amountWords(name: BudgetName, amount: number): string {
  if (name.startsWith('cost')) return `$${amount < 0.01 ? amount.toPrecision(2) : amount.toFixed(2)}`;
  const count = String(Math.round(amount)).replace(/\B(?=(\d{3})+$)/g, ',');
  const what = name === 'tokens_per_turn' ? 'token' : 'step';
  return `${count} ${what}${Math.round(amount) === 1 ? '' : 's'}`;
}

/** e.g. `$4.98 of $5.00` */
export function shareWords({ name, limit, used }: Pick<ReachedBudget, 'name' | 'limit' | 'used'>): string {
  return `${amountWords(name, used)} of ${amountWords(name, limit)}`;
}
