import { expect, test } from 'vitest';
import { otherBuildsSince, resetPointOf } from '../../../workers/unstick.js';

type Events = Parameters<typeof resetPointOf>[0];

/** Tasks were completed at events 4, 10 and 16; then one failed again and again. */
const history = (message: string) =>
  [4, 7, 10, 13, 16, 20].map((eventId) => ({
    eventId,
    ...(eventId === 20
      ? { workflowTaskFailedEventAttributes: { failure: { message } } }
      : [4, 10, 16].includes(eventId) && { workflowTaskCompletedEventAttributes: {} }),
  })) as unknown as Events;

test('a topic is reset to the task that wrote the event at which its replay broke', () => {
  const named = history(
    '[TMPRL1100] Nondeterminism error: Update machine does not handle this event: HistoryEvent(id: 13, ActivityTaskScheduled)',
  );
  expect([0, 1].map((resets) => resetPointOf(named, resets))).toEqual([10, 10]);
});

test('a topic whose answer to an update is dropped in a replay is reset to the task that accepted the update', () => {
  const events = history(
    'BadUpdateWorkflowExecutionMessage: ProtocolMessageCommand referenced absent message ID u-1/request/complete',
  ).map((event) =>
    Number(event.eventId) === 7
      ? { ...event, workflowExecutionUpdateAcceptedEventAttributes: { protocolInstanceId: 'u-1' } }
      : event,
  );
  expect([0, 1].map((resets) => resetPointOf(events, resets))).toEqual([4, 4]);
});

test('where the failure names no event, to the newest task, and each time that did not help to the one before', () => {
  const unnamed = history('Nondeterminism, in words of another release');
  expect([0, 1, 2].map((resets) => resetPointOf(unnamed, resets))).toEqual([16, 10, 4]);
});

test('a topic without a completed task is left alone', () => {
  expect(resetPointOf([], 0)).toBeUndefined();
});

test("a topic is its own build's when no other build completed a task from the reset on", () => {
  const events = ['older', 'ours', 'ours'].map((buildId, i) => ({
    eventId: 4 + i,
    workflowTaskCompletedEventAttributes: { workerVersion: { buildId } },
  })) as unknown as Events;
  expect(
    [4, 5].map((eventId) =>
      otherBuildsSince(events, eventId as unknown as NonNullable<Events[number]['eventId']>, 'ours'),
    ),
  ).toEqual([['older'], []]);
});
