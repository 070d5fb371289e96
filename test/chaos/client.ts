/**
 * A caller that is killed like everything else. It asks its topics for as long as the file `stop`
 * is not there, and after a kill it goes on from its ledger, with the same ids. As a process:
 * `client.ts <seed> <client> <topics> <dir> <bursts as JSON> <how it has a command run>`
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
import { burstPromptOf, promptOf, type Burst, type PlannedPrompt } from './plan.js';

const [seed, me, topics, dir] = [
  Number(process.argv[2]),
  Number(process.argv[3]),
  process.argv[4]?.split(',') ?? [],
  process.argv[5] ?? '.',
];
const bursts = (JSON.parse(process.argv[6] ?? '[]') as Burst[]).filter(({ client }) => client === me);
const ledger = new Ledger(join(dir, `ledger-${me}.jsonl`));
const known = ledger.read();
const manager = await SessionManager.connect();
const plain = await connect();
const MAX_PENDING = 3;
const ASKED_AGAIN = ['OUTCOME_UNKNOWN', 'TOPIC_CLOSED'];
/**
 * The last one: an operator has just closed the topic, and it takes prompts again once it has
 * ended.
 */
const PASSING = ['TEMPORAL_UNAVAILABLE', 'NO_WORKER', 'TOPIC_STUCK', 'OUTCOME_UNKNOWN', 'TOPIC_CLOSED'];

await Promise.all(topics.map(askTopic));
await manager.disconnect();
await plain.close();

async function askTopic(topic: string): Promise<void> {
  const pending: Promise<void>[] = [];
  for (let n = 0; ; n += 1) {
    const burst = bursts.find((one) => one.topic === topic && one.after === n);
    if (burst) await atOnce(burst);
    const prompt = promptOf(seed, topic, me, n, process.argv[7]);
    const facts = factsOf(prompt);
    if (facts.has('outcome')) continue;
    if (!facts.has('sending') && isOver()) break;
    if (!facts.has('accepted')) await enter(prompt);
    if (prompt.way !== 'delegate') pending.push(answered(prompt, () => manager.wait(topic, prompt.label)));
    if (pending.length >= MAX_PENDING) await pending.shift();
  }
  await Promise.all(pending);
}

/** After a kill it goes on with those that are not answered. */
async function atOnce(burst: Burst): Promise<void> {
  const prompts = burst.numbers.map((number) => burstPromptOf(burst, number));
  if (isOver() && !prompts.some((prompt) => factsOf(prompt).has('sending'))) return;
  await Promise.all(
    prompts.map(async (prompt) => {
      const facts = factsOf(prompt);
      if (facts.has('outcome')) return;
      if (!facts.has('accepted')) await enter(prompt);
      if (prompt.way !== 'delegate') await answered(prompt, () => manager.wait(prompt.topic, prompt.label));
    }),
  );
}

function factsOf({ label }: PlannedPrompt): Set<Fact['what']> {
  return new Set(known.filter((entry) => entry.label === label).map(({ what }) => what));
}

function isOver(): boolean {
  return existsSync(join(dir, 'stop'));
}

/** Returns once the prompt is known to be in history. */
async function enter(prompt: PlannedPrompt): Promise<void> {
  note(prompt, { what: 'sending' });
  const { topic, text, label } = prompt;
  if (prompt.way === 'delegate') return answered(prompt, () => manager.delegate(topic, text, { prompt_id: label }));
  await insisting(prompt, () =>
    prompt.way === 'submit' ? manager.submit(topic, text, { prompt_id: label }) : signal(prompt),
  );
  note(prompt, { what: 'accepted' });
}

async function answered(prompt: PlannedPrompt, ask: () => ReturnType<SessionManager['wait']>): Promise<void> {
  // An operator may have ended the topic: then nobody works on it until it is asked again, under
  // the same id.
  const { topic, text, label } = prompt;
  const again = () => manager.delegate(topic, text, { prompt_id: label });
  let isLost = false;
  const outcome = await insisting(prompt, () =>
    (isLost ? again() : ask()).catch((error: unknown) => {
      isLost ||= error instanceof SessionError && ASKED_AGAIN.includes(error.code);
      throw error;
    }),
  );
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

/**
 * What a caller does that wants its answer: asks again, with the same id, whatever broke. Only what
 * is refused is the end.
 */
async function insisting<T>(prompt: PlannedPrompt, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const passing = error instanceof SessionError ? PASSING.includes(error.code) : prompt.way === 'signal';
      if (!passing) note(prompt, { what: 'error', message: String(error) });
      await sleep(passing ? 300 : 5000);
    }
  }
}

function note({ label, topic }: PlannedPrompt, fact: Fact): void {
  ledger.note({ at: Date.now(), label, topic, ...fact });
}
