/** A session whose content its provider refuses is found by what happens. */
import { beforeEach, expect, test } from 'vitest';
import { orCorrupted, refusalOf } from '../../../src/activities/corrupted.js';
import {
  AgentError,
  type Agent,
  type AgentOutcome,
  type TurnEvent,
  type TurnRequest,
} from '../../../src/agents/agent.js';
import { failure } from '../../../src/contract/failures.js';
import type { PromptId, SessionId } from '../../../src/contract/ids.js';

const session = {
  ...{ session_id: 'ses_1' as SessionId, cwd: '/', store: 's', model: 'm', mode: 'build' },
  instructions: 'Be brief.',
};
const prompt = 'p' as PromptId;
const never = new AbortController().signal;
const error = failure('MODEL_FAILED', 'It said 400.');
const refused: AgentOutcome = { status: 'failed', reply: '', error, refused: '400 bad' };
const completed: AgentOutcome = { status: 'completed', reply: 'OK' };

let deeds: unknown[];
let asked: TurnRequest[];
beforeEach(() => {
  deeds = [];
  asked = [];
});

function agentOf(turn: () => AsyncIterable<TurnEvent>, more: Partial<Agent> = {}): Agent {
  return {
    open: (request: object) => (deeds.push(['open', request]), Promise.resolve({ session_id: 'fresh', store: 's' })),
    turn: (request: TurnRequest) => (asked.push(request), turn()),
    delete: (ref: { session_id: string }) => Promise.resolve(void deeds.push(['delete', ref.session_id])),
    cancel: (ref: { session_id: string }) => Promise.resolve(void deeds.push(['cancel', ref.session_id])),
    ...more,
  } as unknown as Agent;
}

async function* ends(outcome: AgentOutcome): AsyncGenerator<TurnEvent> {
  await Promise.resolve();
  yield { type: 'progress', progress: {} };
  yield { type: 'outcome', outcome };
}

const answering = () => agentOf(() => ends(completed));
const judged = (agent: Agent, outcome = refused, before: string | undefined = '400 bad') =>
  orCorrupted(agent, { session, prompt, outcome, before }, never);

test('the same refusal again, while a fresh session of the same model gets an answer, is SESSION_CORRUPTED', async () => {
  expect(await judged(answering())).toMatchObject({
    status: 'failed',
    error: { code: 'SESSION_CORRUPTED', message: expect.stringContaining('It said 400.') },
  });
  expect(asked).toMatchObject([
    { session: { session_id: 'fresh', model: 'm', mode: 'build', instructions: 'Be brief.' } },
  ]);
  expect(asked[0]?.policy?.({} as never)).toMatchObject({ decision: 'deny' });
  expect(deeds).toMatchObject([
    ['open', { cwd: '/', model: 'm', mode: 'build' }],
    ['delete', 'fresh'],
  ]);
});

test('an agent that cannot delete a session is left with one whose turn does not run', async () => {
  const agent = answering();
  delete agent.delete;
  expect(await judged(agent)).toMatchObject({ error: { code: 'SESSION_CORRUPTED' } });
  expect(deeds.at(-1)).toEqual(['cancel', 'fresh']);
});

test('what the fresh session proved holds, although the agent refuses to delete it', async () => {
  const refuses = () => Promise.reject(new Error('It cannot delete a session.'));
  const agent = agentOf(() => ends(completed), { delete: refuses });
  expect(await judged(agent)).toMatchObject({ error: { code: 'SESSION_CORRUPTED' } });
  expect(deeds.at(-1)).toEqual(['cancel', 'fresh']);
});

test.each<[string, AgentOutcome, string | undefined]>([
  ['a first refusal', refused, undefined],
  ['another refusal', refused, '400 other'],
  ['a turn in which the model answered', { ...refused, reply: 'So far.' }, '400 bad'],
  ['a turn with tokens', { ...refused, usage: { output_tokens: 3 } as never }, '400 bad'],
  ['a completed turn', completed, '400 bad'],
  ['any other failure', { status: 'failed', reply: '', error }, '400 bad'],
])('%s asks no model', async (_, outcome, before) => {
  expect(await orCorrupted(answering(), { session, prompt, outcome, before }, never)).toBe(outcome);
  expect([deeds, asked]).toEqual([[], []]);
});

test.each<[string, Agent]>([
  ['refuses a fresh session, too', agentOf(() => ends(refused))],
  ['opens none', agentOf(() => ends(completed), { open: () => Promise.reject(new AgentError(error, true)) })],
  [
    'asks a person there',
    agentOf(async function* () {
      await Promise.resolve();
      yield { type: 'asked', ask: {} as never };
    }),
  ],
])('nothing is proved by an agent that %s', async (_, agent) => {
  expect(await judged(agent)).toBe(refused);
});

test('which refusal it is counts only where the model never answered', () => {
  expect(refusalOf(refused)).toBe('400 bad');
  expect(refusalOf({ ...refused, reply: 'x' })).toBeUndefined();
  expect(refusalOf({ ...refused, status: 'cancelled' })).toBeUndefined();
});
