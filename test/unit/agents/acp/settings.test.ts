import { expect, test } from 'vitest';
import {
  isChange,
  modelOf,
  nextChange,
  SessionAnswer,
  type SessionState,
  type Wanted,
} from '../../../../src/agents/acp/settings.js';

const select = (id: string, category: string | null, currentValue: string, values: string[]) => ({
  type: 'select',
  id,
  name: id,
  category,
  currentValue,
  options: values.map((value) => ({ value, name: value })),
});
const state = (answer: object): SessionState => SessionAnswer.parse(answer);
const agent = state({
  sessionId: 's',
  configOptions: [
    select('model', 'model', 'a/one', ['a/one', 'a/two']),
    select('effort', 'thought_level', 'low', ['low', 'high']),
    { type: 'boolean', id: 'fast', name: 'Fast', currentValue: true },
  ],
  modes: {
    currentModeId: 'build',
    availableModes: [
      { id: 'build', name: 'Build' },
      { id: 'plan', name: 'Plan' },
    ],
  },
});

/** All that is set, in its order. */
function changes(from: SessionState, wanted: Wanted): unknown[] {
  const all: unknown[] = [];
  let now = from;
  for (let next = nextChange(now, wanted, 'goose'); next; next = nextChange(now, wanted, 'goose')) {
    if (!isChange(next)) return [...all, next];
    all.push([next.method, next.params]);
    now = next.after;
  }
  return all;
}

test('what is as wanted is not set, nor what is not wanted', () => {
  expect(changes(agent, {})).toEqual([]);
  expect(changes(agent, { model: 'a/one', variant: 'low', mode: 'build' })).toEqual([]);
  expect(modelOf(agent)).toBe('a/one');
});

test('the model comes first, for it can bring other variants', () => {
  expect(changes(agent, { model: 'a/two', variant: 'high', mode: 'plan' })).toEqual([
    ['session/set_config_option', { configId: 'model', value: 'a/two' }],
    ['session/set_config_option', { configId: 'effort', value: 'high' }],
    ['session/set_mode', { modeId: 'plan' }],
  ]);
});

test('a model in a group is one, and an option without a category is known by its id', () => {
  const grouped = {
    ...select('model', null, 'x', []),
    options: [
      {
        group: 'g',
        name: 'G',
        options: [
          { value: 'x', name: 'X' },
          { value: 'y', name: 'Y' },
        ],
      },
    ],
  };
  expect(changes(state({ configOptions: [grouped] }), { model: 'y' })).toEqual([
    ['session/set_config_option', { configId: 'model', value: 'y' }],
  ]);
});

test('a mode may be a config option', () => {
  expect(changes(state({ configOptions: [select('mode', 'mode', 'ask', ['ask', 'code'])] }), { mode: 'code' })).toEqual(
    [['session/set_config_option', { configId: 'mode', value: 'code' }]],
  );
});

test('what the agent does not have is refused with what it has, and what it lets nobody choose with where to choose it', () => {
  expect(changes(agent, { model: 'b' })).toMatchObject([
    {
      code: 'MODEL_UNKNOWN',
      message: expect.stringContaining('goose has no model b. It has: a/one, a/two.') as string,
    },
  ]);
  expect(changes(agent, { mode: 'yolo' })).toMatchObject([
    { code: 'AGENT_UNKNOWN', message: expect.stringContaining('build, plan') as string },
  ]);
  expect(changes(state({}), { model: 'b' })).toMatchObject([
    { code: 'MODEL_UNKNOWN', fix: expect.stringContaining("agent's own configuration") as string },
  ]);
});

test('an answer that is no state is an empty one', () => {
  expect(state({ modes: 'all', configOptions: { no: 'list' } })).toMatchObject({});
  expect(modelOf(state({ configOptions: [{ type: 'select', id: 'model' }, null] }))).toBeUndefined();
});
