/** Running turns in tests. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Agent, AgentOutcome, SessionRef, TurnProgress, TurnRequest } from '../../src/agents/agent.js';
import type { PromptId } from '../../src/contract/ids.js';

export const never = new AbortController().signal;
const anId = () => `p-${Math.random().toString(36).slice(2)}`;

export interface RunningTurn {
  progress: TurnProgress[];
  /** Rejects as the iterable throws. */
  outcome: Promise<AgentOutcome>;
  detach(): void;
}

/** Facts of the request that only some tests have. */
type Extras = Pick<TurnRequest, 'goes_on' | 'may_be_parked' | 'policy' | 'before_put'>;

export function startTurn(
  agent: Agent,
  session: SessionRef,
  prompt: string,
  id: string = anId(),
  extras: Extras = {},
): RunningTurn {
  const detached = new AbortController();
  const progress: TurnProgress[] = [];
  const request: TurnRequest = { session, prompt_id: id as PromptId, prompt, ...extras };
  const outcome = (async () => {
    let only = await followed(agent, request, detached.signal, progress);
    // A topic waits for the answer. Here it is the driver that the test gives one.
    for (; only === 'asks'; await sleep(50))
      only = await followed(agent, { ...request, follows_a_wait: true }, detached.signal, progress);
    return only;
  })();
  outcome.catch(() => undefined); // Tests that care await it themselves.
  return { progress, outcome, detach: () => detached.abort(new Error('detached')) };
}

async function followed(
  agent: Agent,
  request: TurnRequest,
  signal: AbortSignal,
  progress: TurnProgress[],
): Promise<AgentOutcome | 'asks'> {
  const outcomes: (AgentOutcome | 'asks')[] = [];
  for await (const event of agent.turn(request, signal)) {
    if (outcomes.length) throw new Error(`An event after the outcome: ${JSON.stringify(event)}`);
    if (event.type === 'progress') progress.push(event.progress);
    else if (event.type === 'outcome') outcomes.push(event.outcome);
    else if (event.type === 'asked') outcomes.push('asks');
  }
  const [only] = outcomes;
  if (!only) throw new Error('The turn ended without an outcome.');
  return only;
}

export function runTurn(
  agent: Agent,
  session: SessionRef,
  prompt: string,
  id?: string,
  extras?: Extras,
): Promise<AgentOutcome> {
  return startTurn(agent, session, prompt, id, extras).outcome;
}

/** Nobody allows anything. */
export const denying: Extras = { policy: () => ({ decision: 'deny' }) };
