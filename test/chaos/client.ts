/**
 * A caller that is killed like everything else. It asks its topics for as long as the file `stop` is not there, and after a
 * kill it goes on from its ledger, with the same ids. As a process: `client.ts <seed> <client> <topics> <dir>`
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../src/client/connect.js';
import { SessionError } from '../../src/client/session-error.js';
import { SessionManager } from '../../src/client/session-manager.js';
import { workflowIdOf, type TopicId } from '../../src/contract/ids.js';
import { CONTINUITY, promptSignal, topicSession } from '../../src/contract/messages.js';
import { Ledger, type Fact } from './ledger.js';
import { promptOf, type PlannedPrompt } from './plan.js';

const [seed, me, topics, dir] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4]?.split(',') ?? [], process.argv[5] ?? '.'];
const ledger = new Ledger(join(dir, `ledger-${me}.jsonl`));
const known = ledger.read();
const manager = await SessionManager.connect();
const plain = await connect();
const MAX_PENDING = 3;

await Promise.all(topics.map(askTopic));
await manager.disconnect();
await plain.close();

async function askTopic(topic: string): Promise<void> {
  const pending: Promise<void>[] = [];
  for (let n = 0; ; n += 1) {
    const prompt = promptOf(seed, topic, me, n);
    const facts = new Set(known.filter(({ label }) => label === prompt.label).map(({ what }) => what));
    if (facts.has('outcome')) continue;
    if (!facts.has('sending') && existsSync(join(dir, 'stop'))) break;
    if (!facts.has('accepted')) await enter(prompt);
    if (prompt.way !== 'delegate') pending.push(answered(prompt, () => manager.wait(topic, prompt.label)));
    if (pending.length >= MAX_PENDING) await pending.shift();
  }
  await Promise.all(pending);
}

/** Returns once the prompt is known to be in history. */
async function enter(prompt: PlannedPrompt): Promise<void> {
  note(prompt, { what: 'sending' });
  const { topic, text, label } = prompt;
  if (prompt.way === 'delegate') return answered(prompt, () => manager.delegate(topic, text, { prompt_id: label }));
  await insisting(prompt, () => (prompt.way === 'submit' ? manager.submit(topic, text, { prompt_id: label }) : signal(prompt)));
  note(prompt, { what: 'accepted' });
}

async function answered(prompt: PlannedPrompt, ask: () => ReturnType<SessionManager['wait']>): Promise<void> {
  const outcome = await insisting(prompt, ask);
  note(prompt, { what: 'outcome', outcome });
}

/** As another language does it. */
function signal({ topic, text, label }: PlannedPrompt): Promise<unknown> {
  return plain.client.workflow.signalWithStart(topicSession, {
    workflowId: workflowIdOf(topic as TopicId),
    taskQueue: CONTINUITY,
    args: [{}],
    signal: promptSignal,
    signalArgs: [{ prompt: text, prompt_id: label as never }],
  });
}

/** What a caller does that wants its answer: asks again, with the same id, whatever broke. Only what is refused is the end. */
async function insisting<T>(prompt: PlannedPrompt, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const passing = error instanceof SessionError ? ['TEMPORAL_UNAVAILABLE', 'NO_WORKER', 'TOPIC_STUCK', 'OUTCOME_UNKNOWN'].includes(error.code) : prompt.way === 'signal';
      if (!passing) note(prompt, { what: 'error', message: String(error) });
      await sleep(passing ? 300 : 5000);
    }
  }
}

function note({ label, topic }: PlannedPrompt, fact: Fact): void {
  ledger.note({ at: Date.now(), label, topic, ...fact });
}
