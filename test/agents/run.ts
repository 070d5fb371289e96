/** Running turns in tests. */
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
type Extras = Pick<TurnRequest, 'goes_on' | 'may_be_parked' | 'policy'>;

export function startTurn(
  agent: Agent,
  session: SessionRef,
  prompt: string,
  id: string = anId(),
  extras: Extras = {},
): RunningTurn {
  const detached = new AbortController();
  const progress: TurnProgress[] = [];
  const outcome = (async () => {
    const outcomes: AgentOutcome[] = [];
    for await (const event of agent.turn({ session, prompt_id: id as PromptId, prompt, ...extras }, detached.signal)) {
      if (outcomes.length) throw new Error(`An event after the outcome: ${JSON.stringify(event)}`);
      if (event.type === 'progress') progress.push(event.progress);
      else if (event.type === 'outcome') outcomes.push(event.outcome);
    }
    const [only] = outcomes;
    if (!only) throw new Error('The turn ended without an outcome.');
    return only;
  })();
  outcome.catch(() => undefined); // Tests that care await it themselves.
  return { progress, outcome, detach: () => detached.abort(new Error('detached')) };
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
