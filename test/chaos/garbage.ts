/**
 * A sender that no topic understands: whatever it sends is refused, and no topic is wedged, ended
 * or slowed by it. Is not killed.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { workflowIdOf, type TopicId } from '../../src/contract/ids.js';
import { CONTINUITY } from '../../src/contract/messages.js';
import type { Dice } from './plan.js';

/** Not faster than two in a second. */
const LEAST_WAIT_MS = 500;
const MOST_WAIT_MS = 2500;
const ANSWERS_WITHIN_MS = 5000;
const MOST_BYTES = 1_000_000;

interface Payload {
  metadata?: Record<string, Uint8Array>;
  data?: Uint8Array;
}

/** With the weights of the dice. */
const KINDS = {
  'no JSON': 3,
  'deep JSON': 2,
  encrypted: 2,
  'a protobuf': 1,
  'no payload': 1,
  'no prompt': 2,
  'an unknown signal': 2,
  huge: 2,
  'a start with a state': 2,
} as const;
type Kind = keyof typeof KINDS;

/**
 * None of them is a prompt: the session of a topic must hold what its callers asked, and nothing
 * else.
 */
const STATES = [
  { state: { queue: null } },
  { state: [] },
  { state: { sessions: [], current: 'ses_x', queue: [{}], turns: -1 } },
  'state',
  42,
];

/** Runs until the signal is aborted. @returns how many the server took, by kind */
export async function litter(
  { client, topics, dice }: { client: Client; topics: string[]; dice: Dice },
  signal: AbortSignal,
): Promise<Map<Kind, number>> {
  const taken = new Map<Kind, number>();
  for (;;) {
    // Aborted: it is over.
    await sleep(LEAST_WAIT_MS + dice.upTo(MOST_WAIT_MS - LEAST_WAIT_MS), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return taken;
    const [kind, size] = [dice.pick(KINDS), dice.upTo(MOST_BYTES)];
    const topic = topics[dice.upTo(topics.length - 1)] ?? '';
    const sent = send(client, topic, kind, size).then(
      () => true,
      () => false,
    ); // No such topic yet, or no server.
    if (await sent) taken.set(kind, (taken.get(kind) ?? 0) + 1);
  }
}

function send(client: Client, topic: string, kind: Kind, size: number): Promise<unknown> {
  const { namespace } = client.options;
  const workflowId = workflowIdOf(topic as TopicId);
  const payloads = payloadsOf(kind, size);
  const signalName = kind === 'an unknown signal' ? `prompt${size % 10}` : 'prompt';
  return client.withDeadline(Date.now() + ANSWERS_WITHIN_MS, () => {
    if (kind !== 'a start with a state')
      return client.workflowService.signalWorkflowExecution({
        namespace,
        workflowExecution: { workflowId },
        signalName,
        input: { payloads },
      });
    return client.workflowService.startWorkflowExecution({
      namespace,
      workflowId,
      workflowType: { name: 'topicSession' },
      taskQueue: { name: CONTINUITY },
      input: { payloads },
      requestId: randomUUID(),
      workflowIdConflictPolicy: USE_EXISTING,
    });
  });
}

/** temporal.api.enums.v1.WorkflowIdConflictPolicy */
const USE_EXISTING = 2;

function payloadsOf(kind: Kind, size: number): Payload[] {
  const depth = 101 + (size % 30_000);
  switch (kind) {
    case 'no JSON':
      return [payload('json/plain', bytesFrom(size, size % 300))];
    case 'deep JSON':
      return [payload('json/plain', '['.repeat(depth) + ']'.repeat(depth))];
    case 'encrypted':
      return [payload('binary/encrypted', bytesFrom(size, 32 + (size % 300)))];
    case 'a protobuf':
      return [payload('json/protobuf', '{}')];
    case 'no payload':
      return [];
    case 'no prompt':
      return [payload('json/plain', JSON.stringify({ promt: size }))];
    case 'an unknown signal':
      return [payload('json/plain', '"x"')];
    case 'huge':
      return [payload('json/plain', JSON.stringify({ prompt: 'x'.repeat(Math.max(size, 300_000)) }))];
    case 'a start with a state':
      return [payload('json/plain', JSON.stringify(STATES[size % STATES.length]))];
  }
}

/** An opening brace that is never closed, and any bytes. */
function bytesFrom(seed: number, length: number): Uint8Array {
  return new Uint8Array([0x7b, ...Array.from({ length }, (_, at) => (at * 31 + seed * 17) % 256)]);
}

function payload(encoding: string, data: string | Uint8Array): Payload {
  return { metadata: { encoding: Buffer.from(encoding) }, data: typeof data === 'string' ? Buffer.from(data) : data };
}
