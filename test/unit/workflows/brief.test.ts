/** What a new session is told of the one that it replaces. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { utf8Length } from '../../../src/contract/text.js';
import type { PromptId, SessionId, TopicId } from '../../../src/contract/ids.js';
import { MAX_BRIEF_BYTES } from '../../../src/contract/limits.js';
import type { TurnResult } from '../../../src/contract/types.js';
import { briefOf } from '../../../src/workflows/brief.js';

const topic = 'auth' as TopicId;
const lost = { kind: 'replaced', reason: 'lost', replaces: 'ses_2' as SessionId } as const;

function turn(number: number, session: string, facts: Partial<TurnResult> = {}): TurnResult {
  return {
    topic, prompt_id: `p${number}` as PromptId, goal: `Goal ${number}`, session_id: session as SessionId, session: { kind: 'resumed' }, status: 'completed',
    reply: `reply\n ${number}`, agent: 'a', turn: number, attempts: 1, started_at: '', duration_ms: 1, ...facts,
  };
}
const linesIn = (brief: string) => brief.split('\n').filter((line) => line.startsWith('- '));

describe('the brief', () => {
  test('has goals and outcomes of the lost session, in order, each on a line', () => {
    const failed = turn(3, 'ses_2', { status: 'failed', reply: '', error: { code: 'AGENT_AUTH', message: 'No key.', fix: '' } });
    expect(linesIn(briefOf(topic, lost, [turn(1, 'ses_2'), turn(2, 'ses_other'), failed]))).toEqual([
      '- turn 1 (completed): Goal 1 → reply 1',
      '- turn 3 (failed, AGENT_AUTH): Goal 3 → No key.',
    ]);
  });

  test('has those of the session that this one had replaced, too, and none that was cancelled before it began', () => {
    const outcomes = [turn(1, 'ses_1'), turn(2, 'ses_2', { session: { ...lost, replaces: 'ses_1' as SessionId } }), turn(0, 'ses_2'), turn(3, 'ses_2')];
    expect(linesIn(briefOf(topic, lost, outcomes)).map((line) => line.slice(0, 8))).toEqual(['- turn 1', '- turn 2', '- turn 3']);
  });

  test('says what became of the session, also when nothing is known of its turns', () => {
    expect(briefOf(topic, lost, [])).toMatch(/session ses_2 of the topic "auth" was lost/);
    expect(briefOf(topic, { ...lost, reason: 'corrupted' }, [])).toContain('can no longer be continued');
    expect(briefOf(topic, lost, [turn(1, 'ses_2')])).not.toContain('older ones');
  });

  test('keeps the newest turns and says so when not all fit, and an outcome of an older release has no goal', () => {
    const old = turn(1, 'ses_2');
    delete old.goal;
    expect(linesIn(briefOf(topic, lost, [old]))).toEqual(['- turn 1 (completed): reply 1']);
    const brief = briefOf(topic, lost, Array.from({ length: 200 }, (_, index) => turn(index + 1, 'ses_2')));
    expect(linesIn(brief).at(-1)).toContain('turn 200');
    expect(brief).toContain('older ones are left out');
  });

  test('has at most 4 KiB and ends where the prompt begins, whatever was said', () => {
    const id = fc.string({ minLength: 1, maxLength: 200, unit: 'binary' });
    const facts = fc.record({ goal: fc.string({ maxLength: 120, unit: 'binary' }), reply: fc.constantFrom('', 'x'.repeat(5000), 'é'.repeat(900)) });
    fc.assert(
      fc.property(id, id, fc.array(facts, { maxLength: 40 }), (name, session, all) => {
        const brief = briefOf(name as TopicId, { ...lost, replaces: session as SessionId }, all.map((one, index) => turn(index + 1, session, one)));
        expect(utf8Length(brief)).toBeLessThanOrEqual(MAX_BRIEF_BYTES);
        expect(brief.endsWith('The prompt:\n\n')).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});
