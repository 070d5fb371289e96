/** What one attempt at a turn tells the next, and which attempts count. */
import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { runTurn } from '../../../src/activities/run-turn.js';
import { Semaphore } from '../../../src/semaphore.js';
import type { ActivityContext } from '../../../src/activities/context.js';
import type { RunTurnInput, RunTurnOutput, TurnHeartbeat } from '../../../src/activities/types.js';
import { AgentError, type Agent, type TurnEvent, type TurnRequest } from '../../../src/agents/agent.js';
import type { Answered, Ask } from '../../../src/contract/asks.js';
import type { Config } from '../../../src/config.js';
import { failure } from '../../../src/contract/failures.js';
import { activityContext, configWith } from '../../support/activity-context.js';

const input = {
  topic: 't',
  turn: 1,
  prompt_id: 'p',
  prompt: 'x',
  session_id: 'ses_1',
  pinned: { agent: 'a', host: 'h', cwd: '/', project: 'p', store: 's' },
} as RunTurnInput;
const logger = new DefaultLogger('ERROR', () => undefined);
const done: TurnEvent = { type: 'outcome', outcome: { status: 'completed', reply: 'Done.' } };

const limits = { turnTimeoutMs: 60_000, stallTimeoutMs: 60_000 };

type Turn = (signal: AbortSignal) => AsyncIterable<TurnEvent>;

/** An agent that cannot be asked: its server does not start. */
const unreachable: Turn = async function* () {
  await Promise.resolve();
  throw new AgentError(failure('AGENT_CRASHED', 'It did not start.'), true);
};

/** Works until it is detached, after it has shown what it does. */
const atWork = (...steps: string[]): Turn =>
  async function* (signal) {
    for (const step of steps) yield { type: 'progress', progress: { step } };
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    signal.throwIfAborted();
  };

interface Given {
  attempt?: number;
  heartbeatDetails?: Partial<TurnHeartbeat>;
  turn?: Turn;
  context?: Partial<ActivityContext>;
  input?: Partial<RunTurnInput>;
  promptIds?: boolean;
}

function attemptAt({
  attempt = 1,
  heartbeatDetails,
  turn = unreachable,
  context,
  input: more,
  promptIds = true,
}: Given) {
  const env = new MockActivityEnvironment({ attempt, ...(heartbeatDetails && { heartbeatDetails }) }, { logger });
  const told: TurnHeartbeat[] = [];
  env.on('heartbeat', (sent: TurnHeartbeat) => told.push(sent));
  const agent = {
    name: 'a',
    capabilities: { promptIds } as Agent['capabilities'],
    turn: (_, signal) => turn(signal),
    cancel: () => Promise.resolve(),
  } as Partial<Agent> as Agent;
  const config = configWith({ limits });
  const whole = activityContext({ agents: new Map([['a', agent]]), config, ...context });
  const result = env.run(() => runTurn({ ...input, ...more }, whole));
  result.catch(() => undefined); // Looked at by the test.
  return { env, result, told, last: () => told.at(-1) };
}

test('an attempt that breaks off tells the next one why, and the last one tells whoever asked', async () => {
  const first = attemptAt({ attempt: 30, heartbeatDetails: { attempt: 29, barren_attempts: 29, worked_ms: 0 } });
  await expect(first.result).rejects.toMatchObject({ type: 'AGENT_CRASHED', nonRetryable: false });
  expect(first.last()).toMatchObject({ trouble: 'It did not start.', attempt: 30, barren_attempts: 30 });
  const last = attemptAt({ attempt: 31, heartbeatDetails: first.last()! });
  expect(await last.result).toMatchObject({
    status: 'failed',
    error: {
      code: 'OUTCOME_UNKNOWN',
      message: expect.stringMatching(/^30 attempts .* ses_1\. It did not start\.$/) as string,
    },
  });
});

test.each([
  [0, 1000],
  [3, 8000],
  [12, 30_000],
])('after %i attempts in vain the next one but this waits %i ms', async (barren_attempts, nextRetryDelay) => {
  const { result } = attemptAt({ attempt: 29, heartbeatDetails: { attempt: 28, barren_attempts, worked_ms: 0 } });
  await expect(result).rejects.toMatchObject({ nextRetryDelay });
});

describe('an attempt without progress counts, whatever ended it:', () => {
  test('a turn that takes its worker down before it has said anything', async () => {
    expect(await attemptAt({ attempt: 31 }).result).toMatchObject({
      error: {
        code: 'OUTCOME_UNKNOWN',
        message: expect.stringContaining('Attempt 30 reported no reason. Its worker died or was cut off.') as string,
      },
    });
  });

  test('a crash after an attempt that said why it broke off', async () => {
    const heartbeatDetails = { attempt: 25, barren_attempts: 25, worked_ms: 0, trouble: 'It did not start.' };
    const { result } = attemptAt({ attempt: 31, heartbeatDetails });
    expect(await result).toMatchObject({
      error: { message: expect.stringContaining('Attempt 30 reported no reason') as string },
    });
  });

  test('an exception that is no AgentError, which is retried with back-off like one and named in the end', async () => {
    const broken: Turn = () => {
      throw new TypeError('undefined is not a function');
    };
    const { result, last } = attemptAt({
      turn: broken,
      attempt: 3,
      heartbeatDetails: { attempt: 2, barren_attempts: 2, worked_ms: 0 },
    });
    await expect(result).rejects.toMatchObject({
      type: 'INTERNAL',
      message: 'undefined is not a function',
      nonRetryable: false,
      nextRetryDelay: 4000,
    });
    expect(last()).toMatchObject({ barren_attempts: 3, trouble: 'undefined is not a function' });
    const end = attemptAt({ attempt: 31, heartbeatDetails: { ...last()!, attempt: 30, barren_attempts: 30 } });
    expect(await end.result).toMatchObject({
      error: { code: 'OUTCOME_UNKNOWN', message: expect.stringMatching(/undefined is not a function$/) as string },
    });
  });

  test('an attempt that comes as far as the one before it, and no further', async () => {
    const seen = { attempt: 4, barren_attempts: 4, worked_ms: 0, step: 'reading' };
    const { env, last } = attemptAt({ turn: atWork('reading'), attempt: 5, heartbeatDetails: seen });
    await vi.waitFor(() => expect(last()).toMatchObject({ attempt: 5, step: 'reading', barren_attempts: 5 }));
    env.cancel('NOT_FOUND', new ActivityCancellationDetails({ timedOut: true }));
  });
});

describe('an attempt does not count', () => {
  test('once there is progress', async () => {
    const { env, last, result } = attemptAt({
      turn: atWork('reading', 'writing'),
      attempt: 5,
      heartbeatDetails: { attempt: 4, barren_attempts: 4, worked_ms: 0, step: 'reading' },
    });
    await vi.waitFor(() => expect(last()).toMatchObject({ step: 'writing', barren_attempts: 0 }));
    env.cancel('TIMED_OUT', new ActivityCancellationDetails({ timedOut: true }));
    await expect(result).rejects.toThrow();
    expect(last()).toMatchObject({ barren_attempts: 0 });
  });

  test.each([
    ['workerShutdown', 'WORKER_STOPPED'],
    ['paused', 'ACTIVITY_PAUSED'],
    ['reset', 'ACTIVITY_RESET'],
  ] as const)('when it is ended by %s, and the next one waits for no back-off', async (reason, type) => {
    const { env, result, last } = attemptAt({
      turn: atWork(),
      attempt: 5,
      heartbeatDetails: { attempt: 4, barren_attempts: 4, worked_ms: 0 },
    });
    await vi.waitFor(() => expect(last()).toMatchObject({ barren_attempts: 5 }));
    env.cancel('CANCELLED', new ActivityCancellationDetails({ [reason]: true }));
    await expect(result).rejects.toMatchObject({ type, nonRetryable: false, nextRetryDelay: '500 milliseconds' });
    expect(last()).toMatchObject({ attempt: 5, barren_attempts: 4 });
    expect(last()).not.toHaveProperty('trouble');
  });

  test('after an operator has reset the activity: the server counts from 1 again', async () => {
    expect(
      await attemptAt({
        turn: () => only(done),
        attempt: 1,
        heartbeatDetails: { attempt: 40, barren_attempts: 30, worked_ms: 0 },
      }).result,
    ).toMatchObject({ status: 'completed' });
  });

  test('while it waits for a slot, which is shown, is no work, and no stall', async () => {
    const turnSlots = new Semaphore(1);
    const release = await turnSlots.acquire(new AbortController().signal);
    const limits = { turnTimeoutMs: 500, stallTimeoutMs: 500 };
    const { result, last } = attemptAt({
      turn: () => only(done),
      attempt: 5,
      heartbeatDetails: { attempt: 4, barren_attempts: 4, worked_ms: 7 },
      context: {
        turnSlots,
        config: configWith({ limits, agents: {} }),
      },
    });
    await vi.waitFor(
      () =>
        expect(last()).toMatchObject({
          step: 'waits for one of 1 turn slots of this host',
          barren_attempts: 4,
          worked_ms: 7,
        }),
      { timeout: 3000 },
    );
    release();
    expect(await result).toMatchObject({ status: 'completed', attempts: 5 });
    (await turnSlots.acquire(new AbortController().signal))();
  });
});

test('a turn that is cancelled while it waits for a slot is stopped by its prompt before the agent is asked how it ended', async () => {
  const turnSlots = new Semaphore(1);
  await turnSlots.acquire(new AbortController().signal);
  const calls: unknown[] = [];
  const cancel: Agent['cancel'] = (_session, _signal, prompt) => Promise.resolve(void calls.push(['cancel', prompt]));
  const turn = () => (
    calls.push('turn'),
    only({ type: 'outcome', outcome: { status: 'cancelled', reply: '', error: failure('CANCELLED', 'cancelled') } })
  );
  const capabilities = { promptIds: true } as Agent['capabilities'];
  const agents = new Map([['a', { name: 'a', capabilities, turn, cancel } as Partial<Agent> as Agent]]);
  const { env, result } = attemptAt({ attempt: 2, context: { turnSlots, agents } });
  env.cancel('CANCELLED', new ActivityCancellationDetails({ cancelRequested: true }));
  expect(await result).toMatchObject({ status: 'cancelled', error: { code: 'CANCELLED' } });
  expect(calls).toEqual([['cancel', 'p'], 'turn']);
});

test('whether the checks may run is asked in each attempt until it was granted once', async () => {
  const asked_checks = { topic: 't', prompt_id: 'p', checks: [{ run: 'true' }], proof: 'given' } as NonNullable<
    RunTurnInput['asked_checks']
  >;
  const isCheckProof = vi.fn(() => Promise.resolve(false));
  const refused = attemptAt({ attempt: 2, turn: () => only(done), input: { asked_checks }, context: { isCheckProof } });
  expect(await refused.result).toMatchObject({ status: 'failed', error: { code: 'CHECK_NOT_ALLOWED' } });
  const granted = attemptAt({
    attempt: 2,
    input: { asked_checks },
    context: { isCheckProof: () => Promise.resolve(true) },
  });
  await expect(granted.result).rejects.toMatchObject({ type: 'AGENT_CRASHED' });
  expect(granted.last()).toMatchObject({ checks_granted: true });
  const again = attemptAt({
    attempt: 3,
    turn: () => only(done),
    heartbeatDetails: granted.last()!,
    input: { asked_checks },
    context: { isCheckProof },
  });
  expect(await again.result).toMatchObject({ status: 'completed' });
  expect(isCheckProof).toHaveBeenCalledTimes(1);
});

async function* only(event: TurnEvent): AsyncGenerator<TurnEvent> {
  await Promise.resolve();
  yield event;
}

test('a turn of an agent that cannot find a prompt again says so, however it ended', async () => {
  const ended: Turn = async function* () {
    await Promise.resolve();
    yield done;
  };
  const broken: Turn = async function* () {
    await Promise.resolve();
    throw new AgentError(failure('AGENT_AUTH', 'Nobody is logged in.'), false);
  };
  const weaker = { guarantee: 'at_most_once_unknown' };
  expect(await attemptAt({ turn: ended, promptIds: false }).result).toMatchObject({ status: 'completed', ...weaker });
  expect(await attemptAt({ turn: broken, promptIds: false }).result).toMatchObject({ status: 'failed', ...weaker });
  expect(await attemptAt({ turn: ended }).result).not.toHaveProperty('guarantee');
});

test.each([
  ['goes on once the limit is over', undefined, { for: 'quota' }],
  ['has ended, if a later prompt has overtaken it', true, undefined],
] as const)('a turn that a usage limit ended %s', async (_, overtaken, waits) => {
  const error = failure('AGENT_RATE_LIMITED', 'Used up.');
  const limited: TurnEvent = {
    type: 'outcome',
    outcome: { status: 'failed', reply: '', error, ...(overtaken && { overtaken }) },
  };
  const turn: Turn = async function* () {
    yield await Promise.resolve(limited);
  };
  const output = (await attemptAt({ turn, input: { waits: true } }).result) as RunTurnOutput;
  expect(output).toMatchObject({ status: 'failed', error: { code: 'AGENT_RATE_LIMITED' } });
  if (waits) expect(output.waits).toMatchObject(waits);
  else expect(output.waits).toBeUndefined();
  expect(output).not.toHaveProperty('overtaken');
});

describe('a turn whose model cannot answer', () => {
  const requests: TurnRequest[] = [];
  const gone = {
    type: 'outcome',
    outcome: { status: 'failed', reply: '', error: failure('MODEL_UNKNOWN', 'It is gone.') },
  } satisfies TurnEvent;
  const withFallback = (turn: Turn, capabilities = { promptIds: true }): Partial<ActivityContext> => {
    const agent: Partial<Agent> = {
      ...{ name: 'a', capabilities: capabilities as Agent['capabilities'], cancel: () => Promise.resolve() },
      turn: (request, signal) => (requests.push(request), turn(signal)),
    };
    const config = configWith({ limits, agents: { a: { kind: 'codex', fallbackModels: ['b'] } } });
    return { agents: new Map([['a', agent as Agent]]), config };
  };
  const ownModel = { pinned: { ...input.pinned, model: 'own' } };
  beforeEach(() => void requests.splice(0));

  test('goes on as the same turn with the next one, in the same attempt, and tells the next attempt which', async () => {
    const turn: Turn = () => only(requests.length === 1 ? gone : done);
    const { result, told } = attemptAt({ context: withFallback(turn), input: ownModel });
    expect(await result).toMatchObject({ status: 'completed', fell_back_from: 'own', attempts: 1 });
    expect(requests.map(({ session, prompt_id, goes_on }) => [session.model, prompt_id, goes_on])).toEqual([
      ['own', 'p', undefined],
      ['b', 'p', true],
    ]);
    expect(told.at(-1)).toMatchObject({ model: 'b', step: 'goes on with model b, because own cannot answer' });
  });

  test('has ended, if a later prompt has overtaken it', async () => {
    const overtaken: TurnEvent = { ...gone, outcome: { ...gone.outcome, overtaken: true } };
    const { result } = attemptAt({ context: withFallback(() => only(overtaken)), input: ownModel });
    expect(await result).toMatchObject({ status: 'failed', error: { code: 'MODEL_UNKNOWN' } });
    expect(requests).toHaveLength(1);
  });

  test('goes on with the model that has asked, also in a worker that knows of no trouble, and its result says so', async () => {
    const ask: Ask = { ask_id: 'ask', kind: 'permission', text: 'x', takes: ['allow'] };
    const turn: Turn = () => only(requests.length === 1 ? gone : { type: 'asked', ask });
    const asks = attemptAt({ context: withFallback(turn), input: { ...ownModel, waits: true } });
    expect(await asks.result).toMatchObject({ waits: { for: 'answer', model: 'b' } });
    requests.splice(0);
    const answered = [{ ask, answer: { decision: 'allow' }, by: 'person' }] as Answered[];
    const { result } = attemptAt({
      context: withFallback(() => only(done)),
      input: { ...ownModel, waits: true, answered, instead: 'b' },
    });
    expect(await result).toMatchObject({ status: 'completed', fell_back_from: 'own' });
    expect(requests.map(({ session }) => session.model)).toEqual(['b']);
  });

  test('goes on with the model of the attempt before', async () => {
    const heartbeatDetails = { attempt: 1, barren_attempts: 0, worked_ms: 0, model: 'b' };
    const { result } = attemptAt({
      attempt: 2,
      heartbeatDetails,
      context: withFallback(() => only(done)),
      input: ownModel,
    });
    expect(await result).toMatchObject({ status: 'completed', fell_back_from: 'own' });
    expect(requests.map(({ session, goes_on }) => [session.model, goes_on])).toEqual([['b', undefined]]);
  });

  test('is told of by the model that answered where an attempt was killed, and not where none was', async () => {
    const other: TurnEvent = { type: 'outcome', outcome: { status: 'completed', reply: 'Done.', model: 'b' } };
    const context = withFallback(() => only(other));
    expect(await attemptAt({ context, input: ownModel }).result).not.toHaveProperty('fell_back_from');
    expect(await attemptAt({ attempt: 2, context, input: ownModel }).result).toMatchObject({ fell_back_from: 'own' });
  });

  test('goes on although the agent cannot find a prompt again, if it refused the model before it took the prompt', async () => {
    const refused: Turn = async function* () {
      await Promise.resolve();
      if (requests.length === 1) throw new AgentError(failure('MODEL_UNKNOWN', 'No such model.'), false);
      yield done;
    };
    const weak = { promptIds: false };
    const { result } = attemptAt({ context: withFallback(refused, weak), input: ownModel });
    expect(await result).toMatchObject({ status: 'completed', fell_back_from: 'own' });
    requests.splice(0);
    const late = attemptAt({ context: withFallback(() => only(gone), weak), input: ownModel });
    expect(await late.result).toMatchObject({ status: 'failed', error: { code: 'MODEL_UNKNOWN' } });
    expect(requests).toHaveLength(1);
  });

  test('ends so when its prompt names the model', async () => {
    const { result } = attemptAt({
      context: withFallback(() => only(gone)),
      input: { ...ownModel, keeps_model: true },
    });
    expect(await result).toMatchObject({ status: 'failed', error: { code: 'MODEL_UNKNOWN' } });
    expect(requests).toHaveLength(1);
  });
});

describe('a turn that does not fit the model', () => {
  const full: TurnEvent = {
    type: 'outcome',
    outcome: { status: 'failed', reply: '', error: failure('CONTEXT_OVERFLOW', 'It is full.') },
  };
  /** `ends`: how the turn ends each time that it is run. */
  function fullContext(ends: TurnEvent[], onFull: Config['onFull'], compactsNext?: true) {
    const goesOn: unknown[] = [];
    const agent: Partial<Agent> = {
      ...{ name: 'a', cancel: () => Promise.resolve() },
      capabilities: { promptIds: true, compactsNext } as Agent['capabilities'],
      turn: ({ goes_on }) => only(ends[goesOn.push(goes_on) - 1]!),
    };
    const mild = { description: '', instructions: '', onFull: 'fail' } as const;
    const context: Partial<ActivityContext> = {
      agents: new Map([['a', agent as Agent]]),
      config: configWith({ limits, categories: { mild }, onFull }),
    };
    return { goesOn, context };
  }

  test('goes on once where the agent compacts only then', async () => {
    const { goesOn, context } = fullContext([full, done], 'replace', true);
    expect(await attemptAt({ context }).result).toMatchObject({ status: 'completed', attempts: 1 });
    expect(goesOn).toEqual([undefined, true]);
  });

  test('is full when that was in vain, or the agent has compacted already', async () => {
    const { goesOn, context } = fullContext([full, full], 'replace', true);
    expect(await attemptAt({ context }).result).toMatchObject({ error: { code: 'CONTEXT_OVERFLOW' }, loss: 'full' });
    expect(goesOn).toEqual([undefined, true]);
    const at = fullContext([full], 'replace');
    expect(await attemptAt({ context: at.context }).result).toMatchObject({ loss: 'full' });
    expect(at.goesOn).toEqual([undefined]);
  });

  test.each([
    ['config', 'fail', undefined],
    ['its category', 'replace', 'mild'],
  ] as const)('is only reported where %s says fail', async (_, onFull, category) => {
    const { context } = fullContext([full], onFull);
    const pinned = { ...input.pinned, ...(category !== undefined && { category }) };
    const ended = await attemptAt({ context, input: { pinned } }).result;
    expect(ended).toMatchObject({ error: { code: 'CONTEXT_OVERFLOW' } });
    expect(ended).not.toHaveProperty('loss');
  });
});
