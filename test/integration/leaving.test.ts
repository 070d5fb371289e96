/**
 * A command that waits is left with Ctrl-C, and Temporal may go away under it: what is said then is
 * known to be true.
 */
import { randomUUID } from 'node:crypto';
import { getEventListeners } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { awaitOutcome } from '../../src/client/await-outcome.js';
import { connect } from '../../src/client/connect.js';
import { reportConnection } from '../../src/client/connection-watch.js';
import { Crowd } from '../../src/client/crowd.js';
import type { PromptId, TopicId } from '../../src/contract/ids.js';
import { cuttable } from '../support/cuttable.js';
import { childrenOf, connectionsOf } from '../support/processes.js';
import { startTemporal, startWorld, type World } from '../support/world.js';
import { type Continuity, continuityIn, surroundingsOf } from './cli-command.js';

let world: World;
let continuity: Continuity;
let server: number | undefined;
beforeAll(async () => {
  world = await startWorld();
  [server] = childrenOf(process.pid, 'start-dev');
  continuity = continuityIn(surroundingsOf(world));
});
afterAll(async () => {
  if (server !== undefined) process.kill(server, 'SIGCONT');
  await world?.dispose();
});

const aTopic = () => `t-${randomUUID().slice(0, 8)}`;
const stateOf = async (topic: string, id: string) =>
  (await world.manager.outcome(topic, id).catch(() => undefined))?.state;

test.each(['delegate', 'fix', 'also'])(
  '%s, left with Ctrl-C, says accepted with the topic and the id of what is accepted',
  async (verb) => {
    const topic = aTopic();
    const gate = join(world.dir, randomUUID());
    await world.manager.delegate(topic, 'begin');
    const words = verb === 'delegate' ? ['delegate', '--topic', topic] : [verb, topic];
    const waiting = continuity([...words, `[[until: ${gate}]] [[say: in the end]]`, '--id', 'p-left', '--json']);
    await expect.poll(() => stateOf(topic, 'p-left')).toBe('running');
    waiting.kill('SIGINT');
    const { stdout, exitCode } = await waiting;
    expect([JSON.parse(stdout), exitCode]).toEqual([{ status: 'accepted', topic, prompt_id: 'p-left' }, 130]);
    const asking = continuity(['outcome', topic, 'p-left', '--wait', '--json']);
    await waitsIn(asking);
    asking.kill('SIGINT');
    const left = await asking;
    expect([JSON.parse(left.stdout), left.exitCode]).toEqual([
      expect.objectContaining({ prompt_id: 'p-left', state: 'running' }),
      130,
    ]);
    await writeFile(gate, '');
    expect((await continuity(['outcome', topic, 'p-left', '--wait'])).stdout).toBe('in the end\n');
  },
);

test('a delegate of a script says what its turn does, and SIGTERM makes it name topic, prompt and the command that asks again', async () => {
  const topic = aTopic();
  const gate = join(world.dir, randomUUID());
  const waiting = continuity(['delegate', '--topic', topic, '--id', 'p-script', `[[until: ${gate}]] [[say: later]]`]);
  let said = '';
  waiting.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await expect.poll(() => said).toContain(`topic ${topic} · turn 1, prompt p-script`);
  waiting.kill('SIGTERM');
  expect(await waiting).toMatchObject({
    exitCode: 143,
    stderr: expect.stringContaining(`continuity outcome ${topic} p-script --wait`) as string,
  });
  await writeFile(gate, '');
  expect((await continuity(['outcome', topic, 'p-script', '--wait'])).stdout).toBe('later\n');
});

test.each(['delegate', 'fix', 'also'])(
  '%s, left before its prompt is in any history, does not say accepted',
  async (verb) => {
    const topic = aTopic();
    await world.manager.delegate(topic, 'begin');
    const words = verb === 'delegate' ? ['delegate', '--topic', topic] : [verb, topic];
    await world.stopWorker();
    try {
      const waiting = continuity([...words, 'never taken', '--id', 'p-early', '--json']);
      await waitsIn(waiting);
      waiting.kill('SIGINT');
      const { stdout, exitCode } = await waiting;
      expect([JSON.parse(stdout), exitCode]).toEqual([{ status: 'unknown', prompt_id: 'p-early' }, 130]);
    } finally {
      await world.startWorker();
    }
  },
);

test('a manager that is disconnected before a prompt is in history does not say that it is accepted', async () => {
  const relay = await cuttable(world.address);
  const manager = await world.connect({ address: relay.address });
  relay.cut();
  const waiting = manager.delegate(aTopic(), 'lost on its way').catch((error: unknown) => error);
  await manager.disconnect();
  expect(await waiting).toMatchObject({
    code: 'TEMPORAL_UNAVAILABLE',
    message: expect.stringContaining('before it sent prompt') as string,
  });
  await relay.close();
});

test('Temporal stops under a waiting delegate: it is said within seconds, and when it is back, and the reply still comes', async () => {
  const topic = aTopic();
  const gate = join(world.dir, randomUUID());
  const waiting = continuity(['delegate', '--topic', topic, '--id', 'p-cut', `[[until: ${gate}]] [[say: still here]]`]);
  let said = '';
  waiting.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await expect.poll(() => stateOf(topic, 'p-cut')).toBe('running');
  process.kill(server ?? 0, 'SIGSTOP');
  await expect.poll(() => said, { timeout: 60_000 }).toContain('Temporal does not answer.');
  process.kill(server ?? 0, 'SIGCONT');
  await expect.poll(() => said).toContain('Temporal answers again.');
  await writeFile(gate, '');
  expect(await waiting).toMatchObject({ stdout: 'still here\n', exitCode: 0 });
});

test('a wait whose Temporal was killed ends as TEMPORAL_UNAVAILABLE', async () => {
  const prompt = { topic: aTopic() as TopicId, prompt_id: 'p-none' as PromptId };
  const other = await startTemporal();
  const { client, close } = await connect({ address: other.address });
  const ended = awaitOutcome(client, prompt, { crowd: new Crowd(), noWorkerAfterMs: 1000, giveUpAfterMs: 1000 }).catch(
    (error: unknown) => error,
  );
  process.kill(childrenOf(process.pid, 'start-dev').find((pid) => pid !== server) ?? 0, 'SIGKILL');
  expect(await ended).toMatchObject({ code: 'TEMPORAL_UNAVAILABLE', topic: prompt.topic });
  await close();
  await other.teardown().catch(() => undefined); // Its server is gone.
});

test('a long wait holds no more listeners on its signal than a short one', async () => {
  const over = new AbortController();
  const watching = reportConnection(world.client, () => undefined, over.signal);
  const looks: number[] = [];
  const count = setInterval(() => looks.push(getEventListeners(over.signal, 'abort').length), 100);
  await expect.poll(() => looks.length).toBeGreaterThan(40); // Four looks or more.
  clearInterval(count);
  over.abort();
  await watching;
  expect(Math.max(...looks)).toBeLessThanOrEqual(2);
});

/** A command that has connected to the server can be left. */
async function waitsIn({ pid }: { pid?: number | undefined }): Promise<void> {
  const port = Number(world.address.split(':')[1]);
  await expect.poll(() => connectionsOf(pid ?? 0, port)).toBeGreaterThan(0);
}
