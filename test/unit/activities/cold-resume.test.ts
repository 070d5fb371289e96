import { describe, expect, test } from 'vitest';
import { ColdResume } from '../../../src/activities/cold-resume.js';
import type { Answer, AnsweredBy, Ask } from '../../../src/contract/asks.js';
import type { OnColdConfig } from '../../../src/config.js';

const HOUR = 60 * 60_000;
const at = Date.parse('2026-01-01T12:00:00Z');
const context = {
  tokens: 182_000,
  at: new Date(at - 2 * HOUR).toISOString(),
  warm_until: new Date(at - HOUR).toISOString(),
};
const turn = { topic: 't', turn: 3, prompt_id: 'p', session_id: 'ses_1', waits: true, may_be_replaced: true };
type Turn = ConstructorParameters<typeof ColdResume>[0];

function resume(
  policy: Partial<OnColdConfig>,
  more: object = {},
  { now = at, usd = 0.68, compacts = false }: { now?: number; usd?: number | null; compacts?: boolean } = {},
) {
  const config = { above: 0.5, aboveTokens: 100_000, do: 'ask' as const, ...policy };
  const costs = usd === null ? {} : { cold_usd: usd };
  return new ColdResume(
    { ...turn, context, ...more } as unknown as Turn,
    config,
    now,
    () => Promise.resolve(costs),
    compacts,
  );
}
const isPutIn = async (...args: Parameters<typeof resume>) => (await resume(...args).decision()) === undefined;
async function askOf(...args: Parameters<typeof resume>): Promise<Ask> {
  const decided = await resume(...args).decision();
  if (typeof decided !== 'object' || !('ask' in decided)) throw new Error('Nothing is asked.');
  return decided.ask;
}
const answered = (ask: Ask, answer: Answer, by: AnsweredBy = 'person') => ({ answered: [{ ask, answer, by }] });

describe('a prompt for a cold session', () => {
  test('is put in when it costs less, when the session is warm, and when nothing is known of it', async () => {
    expect(await isPutIn({ above: 0.69 })).toBe(true);
    expect(await isPutIn({}, {}, { now: at - HOUR - 1 })).toBe(true);
    expect(await isPutIn({}, { context: undefined })).toBe(true);
    expect(await isPutIn({}, { context: { ...context, tokens: undefined } })).toBe(true);
    expect(await isPutIn({ do: 'continue' })).toBe(true);
  });

  test('is a question only where the session is cold, or where it was asked about', () => {
    expect(resume({}).isQuestion).toBe(true);
    expect(resume({}, {}, { now: at - HOUR - 1 }).isQuestion).toBe(false);
    expect(resume({}, { context: undefined }).isQuestion).toBe(false);
  });

  test('asks first, with what it costs, and the same in each attempt', async () => {
    const ask = await askOf({});
    expect(ask).toMatchObject({
      kind: 'cold',
      text: 'The session has 182,000 tokens and is cold: the prompt reads them again, about $0.68. Go on?',
      takes: ['allow', 'deny', 'reply'],
      options: [{ label: 'replace' }],
    });
    expect(await askOf({})).toEqual(ask);
  });

  test('is measured in tokens where nobody knows the price, and no cost is told', async () => {
    const unknown = { usd: null };
    expect(await isPutIn({ aboveTokens: 182_001 }, {}, unknown)).toBe(true);
    expect((await askOf({}, {}, unknown)).text).toBe(
      'The session has 182,000 tokens and is cold: the prompt reads them again. Go on?',
    );
  });

  test('goes on, ends or is replaced as the answer says, and is not asked again', async () => {
    const ask = await askOf({});
    expect(await isPutIn({}, answered(ask, { decision: 'allow' }))).toBe(true);
    const ended = await resume({}, answered(ask, { decision: 'deny', text: 'Too dear.' })).decision();
    expect(ended).toMatchObject({
      denied: {
        code: 'COLD_SESSION',
        message: 'Session ses_1 is cold. A person denied the prompt: Too dear. Nothing was put in.',
      },
    });
    const late = await resume({}, answered(ask, { decision: 'deny', text: 'x' }, 'time')).decision();
    expect(late).toMatchObject({ denied: { message: expect.stringContaining('No answer came in time') as string } });
    const replaced = resume({}, answered(ask, { decision: 'reply', text: ' replace ' }));
    expect([await replaced.decision(), replaced.isReplaced]).toMatchObject([
      { denied: { code: 'COLD_SESSION' } },
      true,
    ]);
  });

  test('is compacted first where config or the prompt says so, also in a session that the prompt names', async () => {
    expect(await resume({ do: 'compact' }).decision()).toBe('compact');
    expect(await resume({ do: 'compact' }, { may_be_replaced: undefined }).decision()).toBe('compact');
    expect(await resume({}, { on_cold: 'continue', compacts_first: true }).decision()).toBe('compact');
    expect(await resume({}, { on_cold: 'compact' }).decision()).toBe('compact'); // A workflow of the first release with it.
    expect(await isPutIn({ do: 'compact', above: 0.69 })).toBe(true);
    expect(await isPutIn({ do: 'compact' }, { on_cold: 'continue' })).toBe(true);
  });

  test('a person is offered a compaction where the agent can, with what it costs', async () => {
    const can = { compacts: true };
    const ask = await askOf({}, {}, can);
    expect(ask.options).toMatchObject([
      { label: 'compact', description: expect.stringContaining('$0.68') as string },
      { label: 'replace' },
    ]);
    expect(await resume({}, answered(ask, { decision: 'reply', text: 'compact' }), can).decision()).toBe('compact');
    const named = await askOf({}, { may_be_replaced: undefined }, can);
    expect([named.takes, named.options?.map(({ label }) => label)]).toEqual([['allow', 'deny', 'reply'], ['compact']]);
  });

  test('what the prompt says counts instead of the config; one that names its session is never replaced', async () => {
    const replaced = resume({}, { on_cold: 'replace' });
    expect([await replaced.decision(), replaced.isReplaced]).toMatchObject([
      { denied: { code: 'COLD_SESSION' } },
      true,
    ]);
    expect(await isPutIn({}, { on_cold: 'continue' })).toBe(true);
    expect(await isPutIn({ do: 'replace' }, { may_be_replaced: undefined })).toBe(true);
    const ask = await askOf({}, { may_be_replaced: undefined });
    expect([ask.takes, ask.options]).toEqual([['allow', 'deny'], undefined]);
  });
});
