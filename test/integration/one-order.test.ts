/**
 * A reset hands in at once what came since. Temporal hands an update out before a signal that came
 * after it, and after it in every replay. The topic has one order all the same: otherwise a prompt
 * would get the outcome of another one after its worker was replaced.
 */
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { PromptState, TurnResult } from '../../src/contract/types.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.dispose());

let topic: string;
let handle: WorkflowHandle;
beforeEach(async () => {
  topic = randomUUID();
  handle = world.client.workflow.getHandle(`topic/${topic}`);
  await world.manager.delegate(topic, 'before');
});

const update = (id: string) =>
  handle.executeUpdate<TurnResult, [object]>('prompt', { args: [{ prompt: `say ${id}`, prompt_id: id }] });
const signal = (id: string) => handle.signal('prompt', { prompt: `say ${id}`, prompt_id: id });
const stateOf = (id: string) => handle.query<PromptState, [string]>('outcome', id);
const ended = async (...ids: string[]) => {
  for (const id of ids) await expect.poll(async () => (await stateOf(id)).state).toBe('ended');
};

/** As the worker that worked on it has it, and as another one replays it. */
async function toldTwice(...ids: string[]) {
  const told = () =>
    Promise.all(
      ids.map(async (id) => {
        const state = await stateOf(id);
        return state.state === 'ended' ? [id, state.outcome?.turn, state.outcome?.reply] : [id, state.state];
      }),
    );
  const first = await told();
  await world.stopWorker();
  await world.startWorker();
  return [first, await told()];
}

test('after a reset, with all that came since', async () => {
  await update('a');
  await signal('b');
  await ended('b');
  await update('c');
  const { runId } = await handle.describe();
  const events = (await handle.fetchHistory()).events ?? [];
  const [, second] = events.filter((event) => event.workflowTaskCompletedEventAttributes);
  await world.client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: handle.workflowId, runId },
    workflowTaskFinishEventId: second?.eventId ?? null,
    reason: 'by an operator',
    requestId: randomUUID(),
  });
  await ended('a', 'b', 'c');
  const [first, replayed] = await toldTwice('a', 'b', 'c');
  expect(replayed).toEqual(first);
  for (const [id, , reply] of replayed ?? []) expect(reply).toContain(`say ${id as string}`);
});
