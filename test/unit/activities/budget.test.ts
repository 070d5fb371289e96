/** What a turn may use: of config, of its prompt, and after what people have answered. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Budget } from '../../../src/activities/budget.js';
import { priced } from '../../../src/activities/prices.js';
import type { RunTurnInput } from '../../../src/activities/types.js';
import type { Answered, Ask } from '../../../src/contract/asks.js';
import { amountIn, amountWords } from '../../../src/contract/budget.js';
import { isId, type PromptId, type TopicId } from '../../../src/contract/ids.js';
import type { Usage } from '../../../src/contract/types.js';
import { configWith } from '../../support/activity-context.js';

const NOTHING = { input_tokens: 0, output_tokens: 0, reasoning_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 };
const cost = (cost_usd: number): Usage => ({ ...NOTHING, input_tokens: 10, cost_usd });
const turn = { turn: 1, topic: 'T' as TopicId, prompt_id: 'p' as PromptId };

function budgetOf(budgets: object, more: Partial<RunTurnInput> = {}, mayAsk = true): Budget {
  return new Budget({ ...turn, ...more }, { ...configWith({}).limits, budgets }, mayAsk);
}

function askOf(budget: Budget, used: Usage | undefined, steps = 1) {
  const over = budget.over(used, steps);
  return over && 'ask' in over ? over.ask : undefined;
}

test('without a budget nothing is over, whatever is used', () => {
  expect(budgetOf({}).over(cost(1e9), 1e9)).toBeUndefined();
});

test('each budget is reached when that much is used, and is told from 80 % on', () => {
  const budget = budgetOf({ cost_per_turn: 5 });
  expect([budget.over(cost(3.9), 1), budget.notice]).toEqual([undefined, undefined]);
  expect([budget.over(cost(4), 1), budget.notice]).toEqual([undefined, 'has used $4.00 of $5.00']);
  expect(askOf(budget, cost(5))?.budget).toEqual({ name: 'cost_per_turn', limit: 5, used: 5, step: 5, turn: 1 });
  expect(askOf(budgetOf({ tokens_per_turn: 10 }), cost(0))?.text).toContain('10 tokens of 10 tokens');
  expect(askOf(budgetOf({ steps_per_turn: 3 }), undefined, 3)?.text).toContain('3 steps of 3 steps');
});

test('the topic counts what it cost before, and a round counts the rounds before it', () => {
  expect(askOf(budgetOf({ cost_per_topic: 5 }, { topic_cost_usd: 5 }), undefined, 0)).toBeDefined();
  const rounds = { topic_cost_usd: 4, used_before: cost(3) };
  expect(askOf(budgetOf({ cost_per_topic: 5 }, rounds), cost(0.9))).toBeUndefined();
  expect(askOf(budgetOf({ cost_per_topic: 5 }, rounds), cost(1))?.budget?.used).toBe(5);
  expect(askOf(budgetOf({ cost_per_turn: 5 }, rounds), cost(2))?.budget?.used).toBe(5);
  expect(
    budgetOf({ cost_per_topic: 5 }, { topic_cost_usd: 5, topic_budget_usd: 6 }).over(undefined, 0),
  ).toBeUndefined();
});

test('a topic with turns of unknown cost counts the others, and says so', () => {
  const budget = budgetOf({ cost_per_topic: 50 }, { topic_cost_usd: 49, topic_cost_is_partial: true });
  expect([budget.over(cost(0.5), 1), budget.notice]).toEqual([undefined, 'has used $49.50 of $50.00']);
  expect(askOf(budget, cost(1))).toBeDefined();
  const early = budgetOf({ cost_per_topic: 50 }, { topic_cost_usd: 1, topic_cost_is_partial: true });
  expect([early.over(cost(1), 1), early.notice]).toEqual([
    undefined,
    'some turns of the topic have no known cost, and limits.costPerTopic does not count them',
  ]);
});

test('the id of an ask is one for each topic, prompt, turn and limit, and always an id', () => {
  const idOf = (more: object) => askOf(budgetOf({ steps_per_turn: 2 }, more), undefined, 2)?.ask_id;
  const same = { topic: 'T', prompt_id: 'p', turn: 1 };
  const others = [{ topic: 'U' }, { prompt_id: 'q' }, { turn: 2 }, { budgets: { steps_per_turn: 1 } }];
  const ids = [same, ...others.map((other) => ({ ...same, ...other }))].map(idOf);
  expect(new Set(ids).size).toBe(5);
  expect(isId(idOf({ ...same, prompt_id: `${'a'.repeat(176)} b` }))).toBe(true);
});

test('a budget of the prompt counts instead of that of config', () => {
  expect(budgetOf({ steps_per_turn: 1 }, { budgets: { steps_per_turn: 9 } }).over(undefined, 8)).toBeUndefined();
});

test('a cost that is not known is told, and never counts as none', () => {
  const budget = budgetOf({ cost_per_turn: 5, steps_per_turn: 4 });
  expect(budget.over({ ...NOTHING, input_tokens: 1 }, 1)).toBeUndefined();
  expect(budget.notice).toBe('its cost is not known, so limits.costPerTurn does not count it');
  expect(askOf(budget, { ...NOTHING, input_tokens: 1 }, 4)?.budget?.name).toBe('steps_per_turn');
});

describe('after an answer', () => {
  const over = askOf(budgetOf({ cost_per_turn: 5 }), cost(6))!;
  const answeredBy = (answer: Answered['answer'], by: Answered['by'] = 'person') => [{ ask: over, answer, by }];
  const next = (answered: Answered[], used: number, mayAsk = true) =>
    budgetOf({ cost_per_turn: 5 }, { answered }, mayAsk).over(cost(used), 1);

  test.each([
    [{ decision: 'allow' }, 10.9, 11],
    [{ decision: 'reply', text: '$20' }, 19.9, 20],
  ] as const)('%j moves the limit', (answer, below, at) => {
    expect(next(answeredBy(answer), below)).toBeUndefined();
    expect(next(answeredBy(answer), at)).toMatchObject({ ask: { budget: { limit: at, step: 5 } } });
    expect(Budget.goesOn({ answered: answeredBy(answer), turn: 1 })).toBe(true);
    expect(Budget.goesOn({ answered: answeredBy(answer), turn: 2 })).toBe(false); // The next round of checks.
  });

  test('"always" is for the rest of the turn', () => {
    expect(next(answeredBy({ decision: 'always' }), 1e9)).toBeUndefined();
  });

  test('a denial ends the turn, and says who denied', () => {
    expect(next(answeredBy({ decision: 'deny' }, 'time'), 6)).toMatchObject({
      denied: { code: 'BUDGET_EXCEEDED', message: expect.stringContaining('No answer came in time') as string },
    });
    expect(Budget.goesOn({ answered: answeredBy({ decision: 'deny' }), turn: 1 })).toBe(false);
  });

  test('what was told counts, also where the session shows less', () => {
    const answered = answeredBy({ decision: 'deny' });
    expect(next(answered, 1)).toMatchObject({ denied: { code: 'BUDGET_EXCEEDED' } });
    const ofBefore = budgetOf({ cost_per_turn: 5 }, { answered, turn: 2 }).over(cost(1), 1);
    expect(ofBefore).toBeUndefined(); // It was another turn.
  });

  test('a turn that cannot wait ends at its limit', () => {
    expect(next([], 6, false)).toMatchObject({ denied: { code: 'BUDGET_EXCEEDED' } });
  });

  test('an answer to what the agent asks moves nothing', () => {
    const ask: Ask = { ask_id: 'a', kind: 'permission', text: 'rm', takes: ['allow'] };
    const answered: Answered[] = [{ ask, answer: { decision: 'allow' }, by: 'person' }];
    expect(next(answered, 5)).toMatchObject({ ask: { kind: 'budget' } });
    expect(Budget.goesOn({ answered: answered, turn: 1 })).toBe(false);
  });
});

test('the price of config is for models that match it, and never replaces what an agent says', () => {
  const prices = [
    { model: 'gpt-5*', input: 1, cacheRead: 0.1, cacheWrite: 2, output: 10 },
    { model: '*', input: 4, output: 5 },
  ];
  const used = { ...NOTHING, input_tokens: 1e6, output_tokens: 1e6, cache_read_tokens: 1e6, cache_write_tokens: 1e6 };
  expect(priced(used, 'gpt-5.1', prices).cost_usd).toBeCloseTo(13.1);
  expect(priced(used, undefined, prices).cost_usd).toBeCloseTo(17);
  expect(priced({ ...used, cost_usd: 0.5 }, 'gpt-5', prices).cost_usd).toBe(0.5);
  expect(priced(used, 'other', prices.slice(0, 1))).not.toHaveProperty('cost_usd');
});

test.each([
  ['10', 10],
  ['$4.50', 4.5],
  [' 2,000,000 ', 2_000_000],
  ['200k', 200_000],
  ['1.5M', 1_500_000],
  ['1,000.50', 1000.5],
  ['2,50', undefined],
  ['$3,99', undefined],
  ['1,2,3', undefined],
  ['0', undefined],
  ['-1', undefined],
  ['1e999', undefined],
  ['ten', undefined],
  ['', undefined],
])('%j as an amount', (text, amount) => expect(amountIn(text)).toBe(amount));

test('any text is an amount above 0 or none, and any amount can be shown', () => {
  fc.assert(
    fc.property(fc.string(), fc.double({ min: 0, noNaN: true }), (text, amount) => {
      const read = amountIn(text);
      expect(read === undefined || (Number.isFinite(read) && read > 0)).toBe(true);
      expect(amountWords('cost_per_turn', amount)).toMatch(/^\$/);
      expect(amountWords('tokens_per_turn', amount)).toMatch(/tokens?$/);
    }),
  );
});
