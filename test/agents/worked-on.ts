/** Runs a turn of a real agent as a worker does, with short limits and without Temporal. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { ActivityCancellationDetails } from '@temporalio/common';
import { randomUUID } from 'node:crypto';
import { runTurn } from '../../src/activities/run-turn.js';
import type { RunTurnInput, RunTurnOutput, TurnHeartbeat } from '../../src/activities/types.js';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import type { Config } from '../../src/config.js';
import { activityContext, configWith } from '../support/activity-context.js';

const logger = new DefaultLogger('ERROR', () => undefined);

export interface WorkedOn {
  ended: Promise<RunTurnOutput>;
  /** What a watcher is told, oldest first. */
  told: TurnHeartbeat[];
  /** As a person cancels it. */
  cancel(): void;
  /** From now on. A limit from the start would count the start of the agent. */
  limit(limits: Partial<Config['limits']>): void;
}

export interface Given {
  id?: string;
  agents?: Config['agents'];
}

export function workOn(
  agent: Agent,
  { session_id, ...pinned }: SessionRef,
  prompt: string,
  { id = randomUUID(), agents = {} }: Given = {},
): WorkedOn {
  const environment = new MockActivityEnvironment({}, { logger });
  const told: TurnHeartbeat[] = [];
  environment.on('heartbeat', (sent: TurnHeartbeat) => told.push(sent));
  const input = {
    ...{ topic: 't', turn: 1, prompt_id: id, prompt, session_id },
    pinned: { ...pinned, agent: agent.name, host: 'h', project: 'p' },
  } as RunTurnInput;
  const limits = { turnTimeoutMs: 200_000, stallTimeoutMs: 100_000, toolTimeoutMs: 100_000 };
  const config = configWith({ limits, agents });
  const context = activityContext({ agents: new Map([[agent.name, agent]]), config });
  const ended = environment.run<[], RunTurnOutput, () => Promise<RunTurnOutput>>(() => runTurn(input, context));
  ended.catch(() => undefined); // Tests that care await it themselves.
  return {
    ended,
    told,
    limit: (changes) => void Object.assign(config.limits, changes),
    cancel: () => environment.cancel('CANCELLED', new ActivityCancellationDetails({ cancelRequested: true })),
  };
}
