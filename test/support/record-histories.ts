/**
 * `npm run record-history`: plays the shapes that a topic's history can have on a real server, and keeps each as JSON in
 * test/replay/histories, named for what it guards. Run it on the code that is to be guarded, before it is changed.
 * Those that are named for what the code could not do yet (`…-before-it-…`) have no shape here: the code that they were
 * recorded with is gone.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import * as messages from '../../src/contract/messages.js';
import { fieldShapes } from './field-shapes.js';
import { forkShapes } from './fork-shapes.js';
import { until } from './until.js';
import { startWorld, type World } from './world.js';

const folder = fileURLToPath(new URL('../replay/histories/', import.meta.url));
const only = process.argv[2];

const waits = (manager: World['manager'], topic: string, what: string) =>
  until(async () => (await manager.view(topic).catch(() => undefined))?.running?.waiting?.for === what);

/** Each returns the id of the run to keep, where that is not the topic's first. */
const shapes: Record<string, (world: World, topic: string) => Promise<void | string>> = {
  ...fieldShapes,
  ...forkShapes,
  async 'new-session-and-follow-up'({ manager }, topic) {
    await manager.delegate(topic, 'Add login endpoint', { category: 'quick' });
    await manager.delegate(topic, 'Fix: add rate limiting');
  },
  async 'category-changed-and-back-by-session-id'({ manager }, topic) {
    const { session_id } = await manager.delegate(topic, 'one', { category: 'quick' });
    await manager.delegate(topic, 'two', { category: 'deep' });
    await manager.delegate(undefined, 'three', { session_id });
  },
  async 'cancel-of-running-and-queued'({ manager }, topic) {
    await manager.submit(topic, '[[hang]] x', { prompt_id: 'running' });
    await manager.submit(topic, 'queued', { prompt_id: 'queued' });
    await until(async () => (await manager.progress(topic))?.step === 'reading');
    await manager.cancel(topic, 'queued');
    await manager.cancel(topic);
    await manager.wait(topic, 'running');
  },
  async 'asked-and-answered'({ manager, client }, topic) {
    const handle = client.workflow.getHandle(`topic/${topic}`);
    const asked = () => waits(manager, topic, 'answer');
    const first = manager.delegate(topic, '[[ask: bash | npm test]] work');
    await asked();
    await handle.executeUpdate(messages.answer, { args: ['allow'] });
    await first;
    const second = manager.delegate(topic, '[[question: Which one? | a, b]] work');
    await asked();
    await handle.signal(messages.answerSignal, 'a');
    await second;
    const third = manager.delegate(topic, '[[ask: bash | rm -rf x]] work');
    await asked();
    await manager.cancel(topic);
    await third;
  },
  async 'asked-to-go-on-beyond-a-budget'({ manager, client }, topic) {
    const handle = client.workflow.getHandle(`topic/${topic}`);
    const limits = { steps_per_turn: 1 };
    const first = manager.delegate(topic, '[[steps: 3 500]] work', { limits });
    await waits(manager, topic, 'answer');
    await handle.executeUpdate(messages.answer, { args: ['2'] });
    await until(async () => (await manager.view(topic)).running?.waiting === undefined);
    await waits(manager, topic, 'answer');
    await handle.executeUpdate(messages.answer, { args: ['always'] });
    await first;
    const second = manager.delegate(topic, '[[steps: 3 500]] work', { limits });
    await waits(manager, topic, 'answer');
    await handle.signal(messages.answerSignal, 'deny');
    await second;
  },
  async 'parked-on-a-quota'({ manager, client }, topic) {
    await manager.delegate(topic, '[[quota: 2]] work');
    const handle = client.workflow.getHandle(`topic/${topic}`);
    const parked = manager.delegate(topic, '[[quota: 3600]] work');
    await waits(manager, topic, 'quota');
    await handle.executeUpdate(messages.retry);
    await waits(manager, topic, 'quota');
    await manager.cancel(topic);
    await parked;
  },
  async 'parked-behind-a-login'({ manager, client, dir }, topic) {
    const [login, gate] = [join(dir, 'login'), join(dir, 'gate')];
    const first = manager.delegate(topic, `[[until: ${gate}]] [[login: ${login}]] one`);
    await until(async () => (await manager.progress(topic).catch(() => undefined))?.step === 'reading');
    const second = manager.delegate(topic, `[[login: ${login}]] two`);
    await until(async () => (await manager.view(topic)).queue.length === 1);
    await writeFile(gate, '');
    await first;
    await waits(manager, topic, 'agent');
    await writeFile(login, '');
    await client.workflow.getHandle(`topic/${topic}`).signal(messages.retrySignal);
    await second;
  },
  async 'agent-crashed-in-mid-turn'({ manager }, topic) {
    await manager.delegate(topic, '[[crash]] work');
  },
  async 'failed-open-and-failed-turn'({ manager }, topic) {
    await manager.delegate(topic, 'x', { cwd: '/not/there' });
    await manager.delegate(topic, '[[fail: AGENT_AUTH]] x');
  },
  async 'malformed-signals'({ manager, client }, topic) {
    await manager.delegate(topic, 'one');
    const handle = client.workflow.getHandle(`topic/${topic}`);
    for (const args of [[null], [42], [[]], [{ promt: 'x' }], []]) await handle.signal('prompt', ...args);
    await handle.signal('prompt', 'a bare string');
    await handle.signal('prompt', { prompt: 'last', prompt_id: 'last' });
    await manager.wait(topic, 'last');
  },
  async 'many-callers-at-once'({ manager, connect }, topic) {
    const others = await Promise.all(Array.from({ length: 5 }, () => connect()));
    await Promise.all(
      [manager, ...others].flatMap((one) => Array.from({ length: 5 }, () => one.delegate(topic, `x ${randomUUID()}`))),
    );
  },
  async 'closed-with-a-queue'({ manager, client }, topic) {
    await manager.delegate(topic, 'one');
    await Promise.all([manager.submit(topic, 'two'), manager.submit(topic, 'three')]);
    await manager.close(topic);
    await client.workflow.getHandle(`topic/${topic}`).result();
  },
  async 'host-that-does-not-answer'({ manager, startWorker, stopWorker }, topic) {
    await manager.delegate(topic, 'one');
    await stopWorker();
    await startWorker({ host: 'host-2' });
    await manager.submit(topic, 'two', { prompt_id: 'two' });
    await until(async () => (await manager.view(topic)).state === 'waiting');
    await manager.cancel(topic);
    await manager.wait(topic, 'two');
    await stopWorker();
    await startWorker();
  },
  async 'host-that-came-back'({ manager, startWorker, stopWorker }, topic) {
    await manager.delegate(topic, 'one');
    await stopWorker();
    await startWorker({ host: 'host-2' });
    await manager.submit(topic, 'two', { prompt_id: 'two' });
    await until(async () => (await manager.view(topic)).state === 'waiting');
    await stopWorker();
    await startWorker();
    await manager.wait(topic, 'two');
  },
  async 'prompts-without-ids'({ manager, client }, topic) {
    const handle = client.workflow.getHandle(`topic/${topic}`);
    await manager.delegate(topic, 'one');
    await handle.signal('prompt', 'a bare string');
    await handle.signal('prompt', { promt: 'misspelt' });
    await handle.executeUpdate('prompt', { args: [{ prompt: 'by update' }] });
    await handle.signal('prompt', { prompt: 'an object' });
    await until(async () => (await manager.view(topic)).turns === 4 && (await manager.view(topic)).state === 'idle');
  },
  async 'lost-and-replaced'({ manager, agent }, topic) {
    const { session_id } = await manager.delegate(topic, 'one');
    agent.lose(session_id);
    await manager.delegate(topic, 'two', { on_lost: 'fail' });
    await manager.delegate(topic, 'three');
    await manager.delegate(topic, '[[corrupt]] four');
    const corrupted = await manager.delegate(topic, 'five');
    await manager.delegate(undefined, 'six', { session_id });
    agent.lose(corrupted.session_id);
    await manager.delegate(topic, 'seven');
  },
  async 'handed-over-and-back'({ manager, agent }, topic) {
    const { session_id } = await manager.delegate(topic, 'one');
    await manager.delegate(topic, 'two', { agent: 'other' });
    await manager.delegate(topic, 'three');
    await manager.delegate(topic, '[[fail: AGENT_AUTH]] four', { agent: 'twin' });
    await manager.delegate(topic, 'five');
    await manager.delegate(topic, 'six', { agent: 'fake' });
    await manager.delegate(topic, 'seven', { agent: 'other' });
    agent.lose(session_id);
    await manager.delegate(topic, 'eight', { agent: 'fake' });
    await manager.delegate(topic, 'nine', { model: 'a/b' });
    await manager.delegate(topic, '[[fail: MODEL_FAILED]] ten', { category: 'deep' });
    await manager.delegate(topic, 'eleven');
  },
  async 'checked-fixed-and-cancelled'({ manager, dir }, topic) {
    const file = join(dir, topic);
    const check = { run: `test -e ${file} || { echo "[[touch: ${file}]]"; exit 3; }` };
    await manager.delegate(topic, 'one', { checks: [check] });
    await manager.delegate(topic, 'two', { checks: [{ run: 'exit 1' }], max_fixes: 1 });
    await manager.submit(topic, 'three', { prompt_id: 'three', checks: [{ run: 'sleep 60' }] });
    await until(
      async () =>
        (await manager.view(topic)).running?.checking === true &&
        (await manager.progress(topic))?.step?.startsWith('check') === true,
    );
    await manager.cancel(topic);
    await manager.wait(topic, 'three');
  },
  async notified({ manager, client }, topic) {
    const asked = () => waits(manager, topic, 'answer');
    const first = manager.delegate(topic, '[[ask: bash | npm test]] work', { notify: 'true' });
    await asked();
    await manager.answer(topic, { decision: 'allow' });
    await first;
    await until(async () => (await manager.view(topic)).notices === undefined);
    const handle = client.workflow.getHandle(`topic/${topic}`);
    await handle.signal('prompt', { prompt: 'by signal', prompt_id: 's', notify: 'exit 1' });
    await manager.wait(topic, 's');
    await manager.submit(topic, '[[hang]] running', { prompt_id: 'running', notify: 'true' });
    await manager.submit(topic, 'queued', { prompt_id: 'queued', notify: 'exit 3' });
    await until(async () => (await manager.progress(topic))?.step === 'reading');
    await manager.close(topic, { now: true });
    await handle.result();
  },
  async 'recalled-after-it-was-closed'({ manager, client }, topic) {
    const handle = client.workflow.getHandle(`topic/${topic}`);
    await manager.delegate(topic, 'one', { prompt_id: 'one' });
    await handle.executeUpdate('close', { args: [{}] });
    await handle.result();
    await opened(client, topic, { prompt: 'two', prompt_id: 'two' });
    await manager.wait(topic, 'two');
    await handle.signal('prompt', { prompt: 'other', prompt_id: 'one' });
    await handle.executeUpdate('prompt', { args: [{ prompt: 'three' }] });
    return (await handle.describe()).runId;
  },
  async 'recalled-after-it-was-terminated'({ manager, client }, topic) {
    const handle = client.workflow.getHandle(`topic/${topic}`);
    await manager.delegate(topic, 'one');
    await manager.submit(topic, '[[hang]] two', { prompt_id: 'two' });
    await manager.submit(topic, 'three', { prompt_id: 'three' });
    await until(async () => (await manager.progress(topic))?.step === 'reading');
    await handle.terminate();
    await opened(client, topic, { prompt: 'four', prompt_id: 'four' });
    await manager.wait(topic, 'four');
    return (await handle.describe()).runId;
  },
  async 'cancellation-was-requested'({ manager, client }, topic) {
    const handle = client.workflow.getHandle(`topic/${topic}`);
    await manager.delegate(topic, 'one');
    await manager.submit(topic, '[[hang]] two', { prompt_id: 'two' });
    await manager.submit(topic, 'three', { prompt_id: 'three' });
    await until(async () => (await manager.progress(topic))?.step === 'reading');
    await handle.cancel();
    await handle.result();
  },
  async 'forgotten-with-its-sessions'({ manager, client }, topic) {
    await manager.delegate(topic, 'one');
    await manager.delegate(topic, 'two', { session: 'new' });
    await client.workflow.getHandle(`topic/${topic}`).executeUpdate('forget', { args: [{ sessions: true }] });
  },
  async 'closed-and-archived'({ manager, client }, topic) {
    const handle = client.workflow.getHandle(`topic/${topic}`);
    await manager.delegate(topic, 'one');
    await manager.delegate(topic, 'two', { session: 'new' });
    await handle.executeUpdate('close', { args: [{ archive: true }] });
    await handle.result();
  },
  async 'asked-as-it-was-archived'({ manager, client, startWorker, stopWorker }, topic) {
    const handle = client.workflow.getHandle(`topic/${topic}`);
    const closing = () => handle.executeUpdate('close', { args: [{ archive: true }] });
    await manager.delegate(topic, 'one');
    await stopWorker();
    await startWorker({ host: 'host-2' });
    const closed = closing();
    await until(async () => (await manager.view(topic)).closing);
    await handle.signal('prompt', { prompt: 'two', prompt_id: 'two' });
    await Promise.all([closed, closing()]);
    await stopWorker();
    await startWorker();
    await manager.wait(topic, 'two');
    await handle.result();
  },
  async 'closed-by-itself'({ client, manager }, topic) {
    await opened(client, topic, { prompt: 'one', prompt_id: 'one', close_after: '2s' });
    await manager.wait(topic, 'one');
    await client.workflow.getHandle(`topic/${topic}`).result();
  },
  async 'stopped-at-the-next-contact'({ manager, startWorker, stopWorker }, topic) {
    const { session_id } = await manager.delegate(topic, 'one');
    await manager.submit(topic, '[[hang]] two', { prompt_id: 'two' });
    await until(async () => (await manager.progress(topic))?.step === 'reading');
    await stopWorker();
    await startWorker({ host: 'host-2' });
    await manager.cancel(topic);
    await manager.wait(topic, 'two');
    await manager.submit(topic, 'three', { prompt_id: 'three', session_id: session_id ?? '' });
    await stopWorker();
    await startWorker();
    await manager.wait(topic, 'three');
  },
  async 'rolled-over-in-mid-turn'({ manager, client, dir }, topic) {
    const handle = client.workflow.getHandle(`topic/${topic}`);
    const file = join(dir, topic);
    await manager.delegate(topic, 'one');
    await manager.submit(topic, `[[until: ${file}]] two`, { prompt_id: 'two', checks: [{ run: 'true' }] });
    await until(async () => (await manager.progress(topic))?.step === 'reading');
    const { runId } = await handle.describe();
    for (let i = 1; (await handle.describe()).runId === runId; i += 1) {
      await handle.signal('prompt', { prompt: 'x'.repeat(700_000), prompt_id: `large-${i}` });
      await until(async () => (await manager.view(topic)).refused_total === i);
    }
    await writeFile(file, '');
    await manager.wait(topic, 'two');
    return (await handle.describe()).runId;
  },
  async 'checked-in-a-recalling-run'({ manager, dir }, topic) {
    const file = join(dir, topic);
    const check = { run: `test -e ${file} || { echo "[[touch: ${file}]]"; exit 3; }` };
    await manager.delegate(topic, 'one', { checks: [check] });
    await manager.delegate(topic, 'two', { checks: [{ run: 'exit 1' }], max_fixes: 1 });
  },
  async 'lost-and-replaced-in-a-recalling-run'({ manager, agent }, topic) {
    const { session_id } = await manager.delegate(topic, 'one');
    agent.lose(session_id);
    await manager.delegate(topic, 'two', { on_lost: 'fail' });
    await manager.delegate(topic, 'three');
  },
  async 'recalled-after-a-termination'({ manager, client }, topic) {
    await manager.delegate(topic, 'one');
    await manager.submit(topic, '[[hang]] two', { prompt_id: 'two' });
    await until(async () => (await manager.progress(topic))?.step === 'reading');
    await client.workflow.getHandle(`topic/${topic}`).terminate('recorded');
    await manager.delegate(topic, 'three', { session: 'new' });
    await until(async () => (await manager.view(topic)).stopping === undefined);
  },
  async 'recalled-after-a-reset'({ manager, client, dir }, topic) {
    const handle = client.workflow.getHandle(`topic/${topic}`);
    await manager.delegate(topic, 'one');
    await manager.submit(topic, `[[until: ${join(dir, topic)}]] two`, { prompt_id: 'two' });
    await until(async () => (await manager.progress(topic))?.step === 'reading');
    await handle.signal('prompt', 'a bare string');
    const { events } = await handle.fetchHistory();
    const first = events?.find((event) => event.workflowTaskCompletedEventAttributes)?.eventId ?? null;
    const workflowExecution = { workflowId: handle.workflowId };
    await client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution,
      workflowTaskFinishEventId: first,
      reason: 'recorded',
      requestId: topic,
    });
    await until(async () => (await manager.progress(topic))?.step === 'reading');
    await writeFile(join(dir, topic), '');
    await until(async () => (await manager.view(topic)).turns === 3 && (await manager.view(topic)).state === 'idle');
  },
  async 'updates-and-signals-after-a-reset'({ manager, client }, topic) {
    const handle = client.workflow.getHandle(`topic/${topic}`);
    const update = (id: string) => handle.executeUpdate('prompt', { args: [{ prompt: `say ${id}`, prompt_id: id }] });
    await manager.delegate(topic, 'one');
    await update('a');
    await handle.signal('prompt', { prompt: 'say b', prompt_id: 'b' });
    await manager.wait(topic, 'b');
    await update('c');
    const { events } = await handle.fetchHistory();
    const [, second] = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
    await client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: handle.workflowId },
      workflowTaskFinishEventId: second?.eventId ?? null,
      reason: 'recorded',
      requestId: topic,
    });
    await Promise.all(['a', 'b', 'c'].map((id) => manager.wait(topic, id)));
    return (await handle.describe()).runId;
  },
  async 'recalled-in-a-run-of-a-cron-schedule'({ manager, client }, topic) {
    const handle = client.workflow.getHandle(`topic/${topic}`);
    await opened(client, topic, { prompt: 'one', prompt_id: 'one' }, { cronSchedule: '@every 1s' });
    await manager.wait(topic, 'one');
    const { runId } = await handle.describe();
    await handle.executeUpdate('close', { args: [{}] });
    await until(async () => (await handle.describe()).runId !== runId);
    await opened(client, topic, { prompt: 'two', prompt_id: 'two' });
    await manager.wait(topic, 'two');
    return (await handle.describe()).runId;
  },
  async 'asked-twice-as-it-was-forgotten'({ manager, client, startWorker, stopWorker }, topic) {
    const handle = client.workflow.getHandle(`topic/${topic}`);
    await manager.delegate(topic, 'one');
    await stopWorker();
    await startWorker({ host: 'host-2' });
    const forgetting = handle.executeUpdate('forget', { args: [{ sessions: true }] });
    await until(async () => (await manager.view(topic)).closing);
    const request = { prompt: 'two', prompt_id: 'two' };
    await handle.signal('prompt', request);
    const held = handle.executeUpdate('prompt', { args: [request] });
    await Promise.all([forgetting, held]);
    await manager.wait(topic, 'two');
    await stopWorker();
    await startWorker();
  },
  async 'adopted-session'({ manager, client, agent, dir }, topic) {
    const handle = client.workflow.getHandle(`topic/${topic}`);
    const session_id = agent.begin(dir, `Theirs ${topic}`);
    await manager.delegate(topic, 'one', { session_id, adopt: true });
    await manager.delegate(topic, 'two');
    await manager.delegate(topic, 'three', { session_id: 'ses_none', adopt: true });
    const prompt = { prompt: 'four', prompt_id: 'four', session_id: agent.begin(dir, `Another ${topic}`), adopt: true };
    await handle.signal('prompt', prompt);
    await manager.wait(topic, 'four');
  },
  async 'rolled-over-with-a-queue'({ manager, client }, topic) {
    await manager.delegate(topic, 'one');
    const { runId } = await client.workflow.getHandle(`topic/${topic}`).describe();
    await Promise.all(Array.from({ length: 20 }, (_, i) => manager.delegate(topic, `x ${i}`)));
    if ((await client.workflow.getHandle(`topic/${topic}`).describe()).runId === runId)
      throw new Error('It did not roll over.');
  },
};

/** As a sender in another language does it. */
async function opened(client: World['client'], topic: string, prompt: object, options: object = {}): Promise<void> {
  await client.workflow.signalWithStart('topicSession', {
    ...options,
    workflowId: `topic/${topic}`,
    taskQueue: 'continuity',
    signal: 'prompt',
    signalArgs: [prompt],
  });
}

await mkdir(folder, { recursive: true });
for (const rolling of [false, true]) {
  const extraArgs = rolling ? ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=60'] : [];
  const names = Object.keys(shapes).filter(
    (name) => name.startsWith('rolled-over') === rolling && (only === undefined || name === only),
  );
  if (names.length === 0) continue;
  const world = await startWorld({ extraArgs });
  for (const name of names) {
    const topic = `recorded-${name}`;
    const kept = await shapes[name]?.(world, topic);
    const runs = [];
    for await (const { runId, startTime } of world.client.workflow.list({ query: `WorkflowId = 'topic/${topic}'` }))
      runs.push({ runId, startTime });
    // The first run of a topic that rolled over is the one that ends with a queue; the last one of others recalls it.
    const run = runs.sort((a, b) => Number(a.startTime) - Number(b.startTime)).at(name.startsWith('recalled') ? -1 : 0);
    const history = await world.client.workflow.getHandle(`topic/${topic}`, kept ?? run?.runId).fetchHistory();
    const json = historyToJSON(history)
      .replaceAll(world.dir, '/work-dir')
      .replace(/"(identity|stackTrace)":\s*"(?:[^"\\]|\\.)*"/g, '"$1": "recorded"');
    await writeFile(join(folder, `${name}.json`), `${JSON.stringify(JSON.parse(json))}\n`);
    process.stdout.write(`${name}: ${history.events?.length ?? 0} events\n`);
  }
  await world.dispose();
}
