/**
 * The person for whom topics wait: answers what agents ask, and lets parked topics go on once the
 * provider takes requests again. Is not killed, and stays until all is answered.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { workflowIdOf, type TopicId } from '../../src/contract/ids.js';
import { answer, answerSignal, retry, retrySignal, view } from '../../src/contract/messages.js';
import { isDenied, type Dice } from './plan.js';

const ROUND_MS = 500;
const ANSWERS_WITHIN_MS = 5000;

interface Attending {
  client: Client;
  topics: string[];
  dice: Dice;
  isFair: () => boolean;
}

/** What the person did: how often, by name. */
export type Attended = Map<'allowed' | 'denied' | 'retried', number>;

/** Runs until the signal is aborted. */
export async function attend({ client, topics, dice, isFair }: Attending, signal: AbortSignal): Promise<Attended> {
  const attended: Attended = new Map();
  while (!signal.aborted) {
    const ways = topics.map((): Way => ({ signals: dice.upTo(1) === 0, twice: dice.upTo(3) === 0 }));
    await Promise.all(
      topics.map(async (topic, n) => {
        const way = ways[n] ?? { signals: false, twice: false };
        // A topic that is not there yet, or whose server or worker is not, is served in another round.
        const did = await serve(client, topic, way, isFair).catch(() => undefined);
        if (did) attended.set(did, (attended.get(did) ?? 0) + 1);
      }),
    );
    await sleep(ROUND_MS, undefined, { signal }).catch(() => undefined); // Aborted: it is over.
  }
  return attended;
}

/** `signals`: by signal, as another language does it. `twice`: the answer is given again. */
type Way = { signals: boolean; twice: boolean };

function serve(client: Client, topic: string, { signals, twice }: Way, isFair: () => boolean) {
  const handle = client.workflow.getHandle(workflowIdOf(topic as TopicId));
  return client.withDeadline(Date.now() + ANSWERS_WITHIN_MS, async () => {
    const { waiting, prompt_id = '' } = (await handle.query(view)).running ?? {};
    if (!waiting) return undefined;
    if (waiting.for !== 'answer') {
      if (!isFair()) return undefined;
      await (signals ? handle.signal(retrySignal) : handle.executeUpdate(retry));
      return 'retried';
    }
    const denies = isDenied(prompt_id);
    const given = { decision: denies ? 'deny' : 'allow', ask_id: waiting.ask.ask_id } as const;
    await (signals ? handle.signal(answerSignal, given) : handle.executeUpdate(answer, { args: [given] }));
    if (twice) await handle.signal(answerSignal, given);
    return denies ? 'denied' : 'allowed';
  });
}
