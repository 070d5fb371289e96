/** Arguments as Claude Code, Codex, OpenCode and oh-my-openagent have been seen to send them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readArguments } from '../../../src/mcp/arguments.js';
import { answerInput, delegateInput, outcomeInput } from '../../../src/mcp/schemas.js';

const read = (given: unknown) => readArguments(delegateInput, given);
const prompt = 'Fix it';

test.each([
  ['numbers', { prompt, wait_seconds: '30', max_fixes: '2' }, { prompt, wait_seconds: 30, max_fixes: 2 }],
  ['booleans', { prompt, adopt: 'true' }, { prompt, adopt: true }],
  ['lists', { prompt, skills: '["git","tests"]' }, { prompt, skills: ['git', 'tests'] }],
  ['objects in lists', { prompt, checks: '[{"run":"npm test"}]' }, { prompt, checks: [{ run: 'npm test' }] }],
  ['objects', { prompt, limits: '{"cost_per_turn":2}' }, { prompt, limits: { cost_per_turn: 2 } }],
])('%s that arrive as JSON in a string are read', (_, given, meant) => {
  expect(read(given).data).toEqual(meant);
});

test('null is absent, at any depth, also in JSON', () => {
  const given = { prompt, topic: null, skills: null, checks: [{ run: 'npm test', timeout: null }] };
  expect(read(given).data).toEqual({ prompt, checks: [{ run: 'npm test' }] });
  expect(read({ prompt, checks: '[{"run":"npm test","timeout":null}]' }).data).toEqual({
    prompt,
    checks: [{ run: 'npm test' }],
  });
});

test('a text that looks like JSON stays text where text is taken', () => {
  const given = { prompt: '{"a":1}', topic: '7', session_id: 'true', reason: 'null' };
  expect(read(given).data).toEqual(given);
});

describe("the names of oh-my-openagent's task tool", () => {
  test('are taken with their meaning', () => {
    const given = {
      ...{ prompt, description: 'A title', load_skills: '["git"]', run_in_background: true },
      ...{ subagent_type: 'codex', task_id: 'ses_1' },
    };
    expect(read(given).data).toEqual({ prompt, skills: ['git'], wait_seconds: 0, agent: 'codex', session_id: 'ses_1' });
    expect(read({ prompt, run_in_background: 'false' }).data).toEqual({ prompt });
    for (const load_skills of [[], '[]']) expect(read({ prompt, load_skills }).data).toEqual({ prompt });
  });

  test('are refused beside our own name for the same', () => {
    const { error } = read({ prompt, task_id: 'ses_1', session_id: 'ses_2' });
    expect(error?.issues).toMatchObject([{ code: 'unrecognized_keys', keys: ['task_id'] }]);
  });

  test('are no names of other tools', () => {
    expect(readArguments(outcomeInput, { topic: 't', prompt_id: 'p', task_id: 'ses_1' }).success).toBe(false);
  });
});

test('what cannot be read is refused as it was sent', () => {
  expect(read({ prompt, skills: 'git' }).error?.issues).toMatchObject([{ path: ['skills'] }]);
  expect(read({ prompt, nonsense: 1 }).error?.issues).toMatchObject([{ keys: ['nonsense'] }]);
  expect(read({ prompt, constructor: '1' }).error?.issues).toMatchObject([{ keys: ['constructor'] }]);
  for (const given of [undefined, null, 'text', 7, [], [null]]) expect(read(given).success).toBe(false);
});

test('any arguments are read or refused, and never throw', () => {
  fc.assert(
    fc.property(fc.anything(), fc.dictionary(fc.string(), fc.jsonValue()), (any, fields) => {
      read(any);
      read({ prompt, ...fields });
      readArguments(answerInput, fields);
    }),
  );
});
