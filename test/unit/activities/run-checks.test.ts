/**
 * Which attempts at checks count, and that an attempt before this one has ended its command first.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterAll, expect, test, vi } from 'vitest';
import { Fence } from '../../../src/agents/turn/fence.js';
import { runChecks } from '../../../src/activities/run-checks.js';
import type { AttemptFacts, RunChecksInput } from '../../../src/activities/types.js';
import { activityContext, configWith } from '../../support/activity-context.js';

const dir = mkdtempSync(join(tmpdir(), 'continuity-run-checks-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const logger = new DefaultLogger('ERROR', () => undefined);
const fence = new Fence();
const config = configWith({ checks: { allow: ['*'], local: 'any' } });

function attemptAt(
  run: string,
  attempt: number,
  heartbeatDetails?: AttemptFacts,
  isCheckProof = () => Promise.resolve(true),
) {
  const env = new MockActivityEnvironment({ attempt, ...(heartbeatDetails && { heartbeatDetails }) }, { logger });
  let last: AttemptFacts | undefined;
  env.on('heartbeat', (sent: AttemptFacts) => (last = sent));
  const input = {
    asked: { topic: 'a topic', prompt_id: 'p', checks: [{ run }], proof: 'given' },
    cwd: dir,
  } as unknown as RunChecksInput;
  const result = env.run(() => runChecks(input, activityContext({ config, fence, isCheckProof })));
  result.catch(() => undefined); // Looked at by the test.
  return { env, result, last: () => last };
}

test('a command that takes its worker along is given up after 10 attempts, and the outcome says so', async () => {
  await expect(attemptAt('true', 11).result).rejects.toMatchObject({
    type: 'OUTCOME_UNKNOWN',
    nonRetryable: true,
    message:
      '10 attempts could not run the checks of prompt p to their end. Attempt 10 reported no reason. Its worker died or was cut off.',
  });
});

test('a deploy is no attempt that failed', async () => {
  const { env, result, last } = attemptAt('sleep 60', 12, { attempt: 11, barren_attempts: 0 });
  await vi.waitFor(() => expect(last()).toMatchObject({ attempt: 12, barren_attempts: 1 }), { timeout: 5000 });
  env.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }));
  await expect(result).rejects.toMatchObject({ type: 'WORKER_STOPPED', nextRetryDelay: '500 milliseconds' });
  expect(last()).toMatchObject({ attempt: 12, barren_attempts: 0 });
  expect(await attemptAt('true', 13, last()).result).toMatchObject({ ran: [{ passed: true }] });
});

test('an exception is retried with back-off, and tells the next attempt why', async () => {
  const { result, last } = attemptAt('touch x; false', 3, { attempt: 2, barren_attempts: 2 }, () =>
    Promise.reject(new Error('The key cannot be read.')),
  );
  await expect(result).rejects.toMatchObject({ type: 'INTERNAL', nonRetryable: false, nextRetryDelay: 4000 });
  expect(last()).toMatchObject({ barren_attempts: 3, trouble: 'The key cannot be read.' });
});

test('a later attempt does not lose its command to the end of the one before it', async () => {
  const log = join(dir, 'log');
  const run = `echo begin >> ${log}; sleep 1; echo end >> ${log}`;
  const first = attemptAt(run, 1);
  await vi.waitFor(() => expect(readFileSync(log, 'utf8')).toBe('begin\n'), { timeout: 5000 });
  const second = attemptAt(run, 2);
  await expect(first.result).rejects.toThrow(/took over/);
  expect(await second.result).toMatchObject({ ran: [{ passed: true, exit_code: 0 }] });
  expect(readFileSync(log, 'utf8')).toBe('begin\nbegin\nend\n');
});
