/** The budgets of a turn: those of config and of its prompt, and what people have answered since. */
import type { Limits } from '../config.js';
import type { Stop } from '../agents/agent.js';
import type { Answered, Ask } from '../contract/asks.js';
import { raisedTo, shareWords, type BudgetName, type ReachedBudget, type TurnBudgets } from '../contract/budget.js';
import { failure } from '../contract/failures.js';
import { digestOf } from '../contract/text.js';
import type { Usage } from '../contract/types.js';
import { sumOf, tokensOf } from '../contract/usage.js';
import type { RunTurnInput } from './types.js';

type Budgets = TurnBudgets & { cost_per_topic?: number };
type Turn = Pick<RunTurnInput, 'turn' | 'topic' | 'prompt_id' | 'budgets' | 'answered' | 'used_before'> &
  Pick<RunTurnInput, 'topic_cost_usd' | 'topic_cost_is_partial' | 'topic_budget_usd'>;

const IN_CONFIG: Record<BudgetName, string> = {
  cost_per_turn: 'limits.costPerTurn',
  cost_per_topic: 'limits.costPerTopic',
  tokens_per_turn: 'limits.tokensPerTurn',
  steps_per_turn: 'limits.stepsPerTurn',
};
/** From this part of a budget on, whoever watches is told. */
const NOTICED_FROM = 0.8;

export class Budget {
  readonly #budgets: [name: BudgetName, step: number, limit: number][];
  readonly #denied: Answered | undefined;
  #notice: string | undefined;

  constructor(
    private readonly turn: Turn,
    limits: Limits,
    /** Whether the turn can wait for a person. Otherwise it ends at its limit. */
    private readonly mayAsk: boolean,
    private readonly withCost: (usage: Usage) => Usage = (usage) => usage,
  ) {
    const given: Budgets = { ...limits.budgets, ...turn.budgets };
    const asked = (turn.answered ?? []).filter(({ ask }) => ask.budget);
    this.#denied = asked.findLast(({ answer }) => answer.decision === 'deny');
    this.#budgets = (Object.entries(given) as [BudgetName, number][]).map(([name, step]) => {
      const granted = name === 'cost_per_topic' ? Math.max(step, turn.topic_budget_usd ?? 0) : step;
      return [name, step, asked.reduce((limit, one) => raised(limit, name, one), granted)];
    });
  }

  /** Whether the last answer in this turn was to go on beyond a budget. */
  static goesOn({ answered = [], turn }: Pick<Turn, 'answered' | 'turn'>): boolean {
    const last = answered.at(-1);
    return last?.ask.budget?.turn === turn && last.answer.decision !== 'deny';
  }

  /** What a watcher should know. It is about the last call of `over`. */
  get notice(): string | undefined {
    return this.#notice;
  }

  /** `used` and `steps`: of this turn so far. */
  over(used: Usage | undefined, steps: number): Stop | undefined {
    this.#notice = undefined;
    for (const [name, step, limit] of this.#budgets) {
      const amount = this.#atLeast(name, this.#amountOf(name, used, steps));
      if (amount === undefined) this.#notice ??= `its cost is not known, so ${IN_CONFIG[name]} does not count it`;
      else if (amount >= limit) return this.#reached({ name, limit, used: amount, step, turn: this.turn.turn });
      else if (amount >= NOTICED_FROM * limit) this.#notice = `has used ${shareWords({ name, limit, used: amount })}`;
      else if (name === 'cost_per_topic' && this.turn.topic_cost_is_partial)
        this.#notice ??= `some turns of the topic have no known cost, and ${IN_CONFIG[name]} does not count them`;
    }
    return undefined;
  }

  /** The session of a turn that was cut off may show less than was counted while it worked. */
  #atLeast(name: BudgetName, amount: number | undefined): number | undefined {
    const told = (this.turn.answered ?? []).flatMap(({ ask: { budget } }) =>
      budget?.name === name && budget.turn === this.turn.turn ? [budget.used] : [],
    );
    return told.length > 0 ? Math.max(amount ?? 0, ...told) : amount;
  }

  /** `undefined`: it is not known. */
  #amountOf(name: BudgetName, used: Usage | undefined, steps: number): number | undefined {
    if (name === 'steps_per_turn') return steps;
    // The topic counts the rounds before this one already.
    const before = name === 'cost_per_topic' ? undefined : this.turn.used_before;
    const all = sumOf([before, used].flatMap((one) => (one ? [this.withCost(one)] : [])));
    if (name === 'tokens_per_turn') return tokensOf(all);
    if (all.cost_usd === undefined) return undefined;
    return name === 'cost_per_turn' ? all.cost_usd : all.cost_usd + (this.turn.topic_cost_usd ?? 0);
  }

  #reached(budget: ReachedBudget): Stop {
    const { turn, topic } = this.turn;
    const what = `has used ${shareWords(budget)} (${IN_CONFIG[budget.name]})`;
    if (!this.#denied && this.mayAsk) return { ask: askAbout(budget, what, this.turn) };
    const why = this.#denied ? deniedWords(this.#denied) : '';
    return { denied: failure('BUDGET_EXCEEDED', `Turn ${turn} of topic ${topic} ${what} and was stopped.${why}`) };
  }
}

function raised(limit: number, name: BudgetName, { ask, answer }: Answered): number {
  return ask.budget?.name === name ? (raisedTo(ask.budget, answer) ?? limit) : limit;
}

function askAbout(budget: ReachedBudget, what: string, { topic, prompt_id, turn }: Turn): Ask {
  const whose = budget.name === 'cost_per_topic' ? 'The topic' : 'The turn';
  return {
    // A higher limit is another ask.
    ask_id: `budget-${digestOf(JSON.stringify([topic, prompt_id, turn, budget.name, budget.limit]))}`,
    kind: 'budget',
    text: `${whose} ${what}. Go on?`,
    takes: ['allow', 'always', 'deny', 'reply'],
    budget,
  };
}

function deniedWords({ answer, by }: Answered): string {
  if (by === 'time') return ' No answer came in time.';
  return ` A person did not let it go on${answer.text === undefined ? '.' : `: ${answer.text}`}`;
}
