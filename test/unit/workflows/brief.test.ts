/** What a session is told of the work that others did. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { utf8Length } from '../../../src/contract/text.js';
import type { PromptId, SessionId, TopicId } from '../../../src/contract/ids.js';
import { MAX_BRIEF_BYTES } from '../../../src/contract/limits.js';
import type { TurnResult } from '../../../src/contract/types.js';
import type { BriefDue } from '../../../src/contract/state.js';
import { briefOf, goalsOf } from '../../../src/workflows/brief.js';

const topic = 'auth' as TopicId;
const lost: BriefDue = { reason: 'lost', from: 'ses_2' as SessionId };
const handedOver: BriefDue = { reason: 'agent_changed', from: 'ses_2' as SessionId };
const told = (turns: TurnResult[], facts: Partial<Parameters<typeof briefOf>[0]> = {}) =>
  briefOf({ topic, due: lost, agent: 'claude-code', returns: false, turns, ...facts });

function turn(number: number, session: string, facts: Partial<TurnResult> = {}): TurnResult {
  return {
    topic,
    prompt_id: `p${number}` as PromptId,
    goal: `Goal ${number}`,
    session_id: session as SessionId,
    session: { kind: 'resumed' },
    status: 'completed',
    reply: `reply\n ${number}`,
    agent: 'a',
    turn: number,
    attempts: 1,
    started_at: '',
    duration_ms: 1,
    ...facts,
  };
}
const linesIn = (brief: string) => brief.split('\n').filter((line) => line.startsWith('- '));

describe('the brief', () => {
  test('has goals and outcomes, in order, each on a line', () => {
    const failed = turn(3, 'ses_2', {
      status: 'failed',
      reply: '',
      error: { code: 'AGENT_AUTH', message: 'No key.', fix: '' },
    });
    expect(linesIn(told([turn(1, 'ses_2'), failed]))).toEqual([
      '- turn 1 (completed): Goal 1 → reply 1',
      '- turn 3 (failed, AGENT_AUTH): Goal 3 → No key.',
    ]);
  });

  test('says what became of a lost session, also when nothing is known of its turns', () => {
    expect(told([])).toMatch(/session ses_2 of the topic "auth" was lost/);
    expect(told([], { due: { ...lost, reason: 'corrupted' } })).toContain('can no longer be continued');
    expect(told([turn(1, 'ses_2')])).not.toContain('older ones');
    expect(told([])).toContain('may have been begun in the earlier session');
  });

  test('says which agent worked before, to a session that takes over and to one that goes on', () => {
    const taken = told([turn(1, 'ses_2')], { due: handedOver });
    expect(taken).toMatch(
      /^Note: until now, another agent, claude-code, worked on the topic "auth" in its session ses_2/,
    );
    expect(taken).not.toContain('may have been begun');
    expect(told([], { due: handedOver, returns: true })).toMatch(
      /^Note: since your last turn in this session, another/,
    );
  });

  test('says whose turn each was, where there were several agents', () => {
    const turns = [turn(1, 'ses_1', { agent: 'claude-code' }), turn(2, 'ses_2', { agent: 'codex' })];
    expect(linesIn(told(turns))).toEqual([
      '- turn 1 (claude-code, completed): Goal 1 → reply 1',
      '- turn 2 (codex, completed): Goal 2 → reply 2',
    ]);
  });

  test('has the last reply as it was, where a line cuts it, and the files that changed', () => {
    const reply = `Done:\n\n- login\n- ${'x'.repeat(2000)}`;
    const brief = told([turn(1, 'ses_2', { reply })], { stat: 'src/login.ts | new\n1 file changed' });
    expect(brief).toContain('The last reply:\n\nDone:\n\n- login\n- xxx');
    expect(brief).toContain(
      'x …\n\nFiles changed since, as git tells (also by others):\n\nsrc/login.ts | new\n1 file changed\n',
    );
    expect(told([turn(1, 'ses_2', { reply: 'short' })])).not.toContain('The last reply');
    expect(told([turn(1, 'ses_2')])).not.toContain('Files changed');
  });

  test('keeps the newest turns and says so when not all fit, and an outcome of an older release has no goal', () => {
    const old = turn(1, 'ses_2');
    delete old.goal;
    expect(linesIn(told([old]))).toEqual(['- turn 1 (completed): reply 1']);
    const brief = told(Array.from({ length: 200 }, (_, index) => turn(index + 1, 'ses_2')));
    expect(linesIn(brief).at(-1)).toContain('turn 200');
    expect(brief).toContain('older ones are left out');
  });

  test('has at most 4 KiB and ends where the prompt begins, whatever was said', () => {
    const id = fc.string({ minLength: 1, maxLength: 200, unit: 'binary' });
    const facts = fc.record({
      goal: fc.string({ maxLength: 120, unit: 'binary' }),
      reply: fc.constantFrom('', 'x'.repeat(5000), 'é'.repeat(900), 'two\nlines'),
      agent: id,
    });
    const due = fc.record({ reason: fc.constantFrom('lost', 'agent_changed'), from: id });
    const stat = fc.constantFrom(undefined, 'f | new\n'.repeat(120));
    fc.assert(
      fc.property(id, due, stat, fc.boolean(), fc.array(facts, { maxLength: 40 }), (name, why, files, returns, all) => {
        const turns = all.map((one, index) => turn(index + 1, why.from, one));
        const brief = told(turns, { topic: name as TopicId, due: why as BriefDue, agent: name, returns, stat: files });
        expect(utf8Length(brief)).toBeLessThanOrEqual(MAX_BRIEF_BYTES);
        expect(brief.endsWith('The prompt:\n\n')).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

test('a session in place of a corrupted one is not told what was refused, nor how', () => {
  const due: BriefDue = { reason: 'corrupted', from: 'ses_2' as SessionId };
  const error = { code: 'MODEL_FAILED', message: 'the bad picture', fix: '' } as const;
  const refused = turn(2, 'ses_2', { status: 'failed', reply: '', goal: 'the bad goal', error });
  const partly = turn(3, 'ses_2', { status: 'failed', reply: 'so far', error });
  const brief = told([turn(1, 'ses_2'), refused, partly], { due });
  expect(brief).not.toContain('bad');
  expect(linesIn(brief)).toEqual([
    '- turn 1 (completed): Goal 1 → reply 1',
    '- turn 2 (failed, MODEL_FAILED): what it asked is left out, because the provider may have refused it',
    '- turn 3 (failed, MODEL_FAILED): Goal 3 → so far',
  ]);
  expect(told([refused])).toContain('the bad goal → the bad picture');
});

test('what was asked in a compacted session fits into 4 KiB, the newest first, and ends where the prompt begins', () => {
  const turns = Array.from({ length: 200 }, (_, index) => turn(index + 1, 'ses_1', { goal: 'ü'.repeat(120) }));
  const told = goalsOf('t'.repeat(200) as TopicId, turns);
  expect(utf8Length(told)).toBeLessThanOrEqual(MAX_BRIEF_BYTES);
  expect(linesIn(told).at(-1)).toContain('turn 200 (completed): ü');
  expect(told).toContain('older ones are left out');
  expect(told.startsWith('Note: ')).toBe(true);
  expect(told.endsWith('The prompt:\n\n')).toBe(true);
  expect(goalsOf(topic, [])).not.toContain('- turn');
});
