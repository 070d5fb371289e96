/** Which model works on a turn when the session's own cannot. */
import { beforeEach, describe, expect, test } from 'vitest';
import { AbsentModels } from '../../../src/activities/absent-models.js';
import { FallBack, fallbackModelsOf } from '../../../src/activities/fall-back.js';
import type { AgentOutcome } from '../../../src/agents/agent.js';
import type { Config } from '../../../src/config.js';
import { failure, type FailureCode } from '../../../src/contract/failures.js';
import type { SessionId } from '../../../src/contract/ids.js';

const failed = (code: FailureCode, until?: string): AgentOutcome => ({
  ...{ status: 'failed', reply: '', error: failure(code, code) },
  ...(until !== undefined && { until }),
});
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
const completed: AgentOutcome = { status: 'completed', reply: 'Done.' };
const gone = failed('MODEL_UNKNOWN');

let absent: AbsentModels;
beforeEach(() => {
  absent = new AbsentModels();
});
const chain = { kind: 'k', own: 'a', fallbacks: ['b', 'c'], waits: true };
const fallBack = (more: Partial<typeof chain> = {}, before?: string) =>
  new FallBack({ ...chain, ...more }, absent, before);

describe('the turn goes on with the next model', () => {
  test.each([
    ['a model that is gone', gone],
    ['a limit that lasts for hours', failed('AGENT_RATE_LIMITED', inMinutes(300))],
    ['a limit whose end the provider does not name', failed('AGENT_RATE_LIMITED')],
  ])('after %s, and so does every other turn of the host', (_, outcome) => {
    const one = fallBack();
    expect([one.model, one.instead, one.goesOn, one.after(outcome)]).toEqual(['a', undefined, false, true]);
    expect([one.model, one.instead, one.goesOn]).toEqual(['b', 'b', true]);
    expect(one.fellBackFrom({ model: 'b' })).toBe('a');
    const other = fallBack();
    expect([other.model, other.goesOn, other.fellBackFrom({})]).toEqual(['b', false, 'a']);
  });

  test('of another one whose provider has no login', () => {
    const one = fallBack();
    one.after(gone);
    expect([one.after(failed('AGENT_AUTH')), one.model]).toEqual([true, 'c']);
  });

  test('in an attempt that follows one that had fallen back', () => {
    const one = fallBack({}, 'c');
    expect([one.model, one.fellBackFrom({})]).toEqual(['c', 'a']);
    expect(fallBack({}, 'not in config any more').model).toBe('a');
  });

  test('without the variant of the other', () => {
    const session = { session_id: 's' as SessionId, cwd: '/', store: 'x', model: 'a', variant: 'high' };
    const one = fallBack();
    expect(one.inSession(session)).toEqual(session);
    one.after(gone);
    expect(one.inSession(session)).toEqual({ session_id: 's', cwd: '/', store: 'x', model: 'b' });
  });
});

describe('the turn does not fall back', () => {
  test.each([
    ['completed', completed],
    ['cancelled', { status: 'cancelled', reply: '' } as const],
    ['that another model would not help', failed('CONTEXT_OVERFLOW')],
    ['of the login of its own model', failed('AGENT_AUTH')],
    ['of a limit that is over soon', failed('AGENT_RATE_LIMITED', inMinutes(5))],
  ])('when it ended as or because %s', (_, outcome) => {
    const one = fallBack();
    expect([one.after(outcome), one.model, one.fellBackFrom({ model: 'a' })]).toEqual([false, 'a', undefined]);
    expect(one.reported(outcome)).toBe(outcome);
    expect(fallBack().model).toBe('a');
  });

  test('unless its topic cannot wait for the limit', () => {
    expect(fallBack({ waits: false }).after(failed('AGENT_RATE_LIMITED', inMinutes(5)))).toBe(true);
  });

  test('when config names no other model', () => {
    const one = fallBack({ fallbacks: ['a'] });
    expect([one.hasAnother, one.after(gone), one.reported(gone)]).toEqual([false, false, gone]);
    expect(fallBack().model).toBe('a');
  });
});

test('a model that answers again is used again, and one whose time is over is tried', () => {
  absent.note('k', 'a', Date.now() - 1);
  absent.note('k', 'b', Date.now() + 60_000);
  const one = fallBack();
  expect(one.model).toBe('a');
  expect([one.after(gone), one.model]).toEqual([true, 'c']);
  expect(fallBack({ own: 'c', fallbacks: ['b'] }, 'b').after(completed)).toBe(false);
  expect(fallBack({ own: 'b' }).model).toBe('b');
});

describe('a provider that names a time in many thousand years', () => {
  const far = new Date(Date.UTC(50_000, 0)).toISOString();

  test('is tried again the next day', () => {
    fallBack().after(failed('AGENT_RATE_LIMITED', far));
    const day = 24 * 60 * 60_000;
    expect([day - 60_000, day + 60_000].map((ms) => absent.isAbsent('k', 'a', Date.now() + ms))).toEqual([true, false]);
  });

  test('is not the one whose limit is over first', () => {
    const soon = inMinutes(60);
    const one = fallBack({ fallbacks: ['b'] });
    one.after(failed('AGENT_RATE_LIMITED', soon));
    const last = failed('AGENT_RATE_LIMITED', far);
    expect(one.after(last)).toBe(false);
    expect(one.reported(last).until).toBe(soon);
  });
});

test("when no model is left, the limit that is over first is reported, else what the session's own said", () => {
  const [soon, late] = [inMinutes(60), inMinutes(120)];
  const one = fallBack();
  one.after(failed('AGENT_RATE_LIMITED', late));
  one.after(failed('AGENT_RATE_LIMITED', soon));
  const last = { ...gone, reply: 'so far', model: 'c' };
  expect(one.after(last)).toBe(false);
  expect(one.reported(last)).toMatchObject({ reply: 'so far', until: soon, error: { code: 'AGENT_RATE_LIMITED' } });
  absent = new AbsentModels();
  const other = fallBack({ fallbacks: ['b'] });
  other.after({ ...gone, error: failure('MODEL_UNKNOWN', 'the first') });
  other.after(failed('AGENT_AUTH'));
  expect(other.reported(failed('AGENT_AUTH'))).toMatchObject({ error: { message: 'the first' } });
});

test('what a later model fails with is reported as it is', () => {
  const one = fallBack();
  one.after(gone);
  const last = failed('REPLY_CUT_OFF');
  expect([one.after(last), one.reported(last)]).toEqual([false, last]);
});

test('a fall-back that a killed attempt could not tell of is seen by the model that answered', () => {
  expect(fallBack().fellBackFrom({ model: 'c' })).toBe('a');
  expect(fallBack({ own: undefined as unknown as string }).fellBackFrom({ model: 'b' })).toBe('default');
});

test("a category's own list goes before that of its agent", () => {
  const config = {
    agents: { x: { kind: 'codex', fallbackModels: ['of agent'] }, y: { kind: 'codex' } },
    categories: {
      deep: { description: '', instructions: '', fallbackModels: ['of category'] },
      quick: { description: '', instructions: '' },
    },
  } as unknown as Config;
  const of = (agent: string, category?: string) => fallbackModelsOf({ agent, ...(category && { category }) }, config);
  expect(of('x', 'deep')).toEqual(['of category']);
  expect(of('x', 'quick')).toEqual(['of agent']);
  expect(of('x')).toEqual(['of agent']);
  expect(of('y')).toEqual([]);
});
