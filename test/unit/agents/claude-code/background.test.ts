import { expect, test } from 'vitest';
import { saidIn } from '../../../../src/agents/claude-code/outcome.js';
import type { Row } from '../../../../src/agents/claude-code/rows.js';
import { Signals } from '../../../../src/agents/claude-code/signals.js';
import { turnStateOf } from '../../../../src/agents/claude-code/turn-state.js';
import { answer, calls, chained, KEY, note, NUDGE, prompt, result, says } from './rows.js';

const launched = (task: string, status = 'async_launched'): Row[] => [
  answer(`c ${task}`, [calls(`t ${task}`)], 'tool_use'),
  { ...result(`r ${task}`, `t ${task}`), toolUseResult: { status, taskId: task } },
];
const told = (task: string) =>
  note(`n ${task}`, `<task-notification>\n<task-id>${task}</task-id>`, { origin: { kind: 'task-notification' } });
const waits = answer('waits', [says('I am waiting.')]);
const found = answer('found', [says('Both are fine.')]);
const stateOf = (...turn: Row[]) => turnStateOf(chained(prompt('Look'), ...turn), KEY);

test('a turn whose background has not reported has not ended', () => {
  expect(stateOf(...launched('one'), waits)).toMatchObject({ phase: 'mute', background: 1 });
  expect(stateOf(...launched('one'), ...launched('two'), waits, told('one'), found)).toMatchObject({
    phase: 'mute',
    background: 1,
  });
  expect(stateOf(...launched('one'), waits, told('one'), found)).toMatchObject({ phase: 'ended', background: 0 });
});

test('what the model says once it was told is the reply; what it said before is not', () => {
  expect(saidIn(stateOf(...launched('one'), waits, told('one'), found), []).reply).toBe('Both are fine.');
  expect(saidIn(stateOf(...launched('one'), waits, told('one'), answer('mute', [])), []).reply).toBe('I am waiting.');
});

test('a monitor, which is no work, and what was launched before a message of ours, are not waited for', () => {
  expect(stateOf(...launched('one', 'watching'), waits)).toMatchObject({ phase: 'ended', background: 0 });
  const nudged = [...launched('one'), waits, prompt('Continue from where you left off.', NUDGE), found];
  expect(stateOf(...nudged)).toMatchObject({ phase: 'ended', background: 0 });
});

test('a look is due when the answer ends while something works in the background, and when that changes', () => {
  const signals = new Signals();
  const kinds = (line: object) => signals.of(line).map(({ type }) => type);
  const ended = { type: 'command_lifecycle', state: 'completed' };
  expect(kinds(ended)).toEqual([]);
  const changed = (tasks: object[]) => kinds({ type: 'system', subtype: 'background_tasks_changed', tasks });
  expect(changed([{ task_id: 'one' }])).toEqual(['prompted']);
  expect(kinds(ended)).toEqual(['prompted']);
  expect(changed([])).toEqual(['prompted']);
  expect(kinds(ended)).toEqual([]);
});
