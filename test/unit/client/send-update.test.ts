/** A worker that is being replaced drops an update, and the server says so. It is sent again. */
import { ApplicationFailure } from '@temporalio/common';
import { WorkflowUpdateFailedError, type Client, type WorkflowHandle } from '@temporalio/client';
import { expect, test } from 'vitest';
import { answerIn, retryIn } from '../../../src/client/answer-and-retry.js';
import { cancelIn, closeAndArchive, closeTopic } from '../../../src/client/cancel-and-close.js';
import { forgetTopic } from '../../../src/client/forget-topic.js';
import type { TopicId } from '../../../src/contract/ids.js';

const topic = 'T' as TopicId;
const DONE = { done: true };

/** A server whose worker drops the first updates, and how many came. */
function dropping(drops: number, type = 'UnprocessedUpdate') {
  const sent = { count: 0 };
  const answer = () =>
    sent.count++ < drops
      ? Promise.reject(new WorkflowUpdateFailedError('', ApplicationFailure.create({ message: 'It failed.', type })))
      : Promise.resolve(DONE);
  const handle = {
    describe: () => Promise.resolve({ status: { name: 'RUNNING' }, workflowId: 'topic/T', startTime: new Date() }),
    executeUpdate: answer,
  } as unknown as WorkflowHandle;
  const client = {
    options: { namespace: 'default' },
    withDeadline: (_: number, call: () => unknown) => call(),
    workflow: {
      getHandle: () => handle,
      startUpdateWithStart: () => Promise.resolve({ result: answer, workflowRunId: 'run' }),
      list: async function* () {},
    },
    workflowService: { deleteWorkflowExecution: () => Promise.reject(new Error('Not here.')) },
  } as unknown as Client;
  return { sent, handle, client };
}

type Server = ReturnType<typeof dropping>;
const sends: [string, (server: Server) => Promise<unknown>][] = [
  ['answer', ({ handle }) => answerIn(handle, topic, { decision: 'allow' })],
  ['retry', ({ handle }) => retryIn(handle)],
  ['cancel', ({ handle }) => cancelIn(handle, topic, {})],
  ['close', ({ handle }) => closeTopic(handle, {})],
  ['close with archive', ({ client }) => closeAndArchive(client, topic, { archive: true }, 1000)],
  ['forget', ({ client }) => forgetTopic(client, topic, {})],
];

test.each(sends)('%s is sent once more, and not a third time', async (_, send) => {
  const once = dropping(1);
  expect(await send(once)).toMatchObject(DONE);
  expect(once.sent.count).toBe(2);
  const always = dropping(9);
  await expect(send(always)).rejects.toThrow();
  expect(always.sent.count).toBe(2);
});

test.each(sends)('%s is not sent again after a refusal of the topic', async (_, send) => {
  const refusing = dropping(1, 'INVALID_PROMPT');
  await expect(send(refusing)).rejects.toThrow();
  expect(refusing.sent.count).toBe(1);
});
