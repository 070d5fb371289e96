/** The budgets that the flags of a prompt name. */
import { amountIn, type TurnBudgets } from '../../contract/budget.js';
import { UsageError } from './usage-error.js';

const FLAGS = { 'max-cost': 'cost_per_turn', 'max-tokens': 'tokens_per_turn', 'max-steps': 'steps_per_turn' } as const;
type Flags = Partial<Record<keyof typeof FLAGS, string>>;

/** `undefined`: none. @throws UsageError */
export function limitsOf(flags: Flags): TurnBudgets | undefined {
  const limits: TurnBudgets = {};
  for (const [flag, name] of Object.entries(FLAGS) as [keyof typeof FLAGS, keyof TurnBudgets][]) {
    const said = flags[flag];
    if (said === undefined) continue;
    const amount = amountIn(said);
    if (amount === undefined)
      throw new UsageError(
        `--${flag} takes a number above 0; got ${JSON.stringify(said)}.`,
        'See: continuity delegate --help',
      );
    limits[name] = amount;
  }
  return Object.keys(limits).length > 0 ? limits : undefined;
}
