/** All that a turn said, beyond what its outcome has room for: over the library, the command line and MCP. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReplyPage } from '../../src/contract/answers.js';
import { defined } from '../../src/contract/defined.js';
import { readReply } from '../../src/client/read-reply.js';
import type { SessionError } from '../../src/client/session-error.js';
import type { TopicId } from '../../src/contract/ids.js';
import { CONTINUITY, hostQueueOf } from '../../src/contract/messages.js';
import { loadWorkflows } from '../../workers/compose.js';
import { mcpClientIn } from '../support/mcp-client.js';
import { startWorld, type World } from '../support/world.js';
import { continuityIn, type Surroundings, surroundingsOf } from './cli-command.js';

let world: World;
let surroundings: Surroundings;
beforeAll(async () => {
  world = await startWorld();
  surroundings = surroundingsOf(world);
});
afterAll(() => world?.dispose());

const LENGTH = 150_000;
const report = 'y'.repeat(LENGTH);
/** The fake agent says the report, runs a tool, and says that it is done. */
const prompt = `Report [[parts: ${LENGTH}]] [[say: It is done.]]`;

async function reported() {
  const topic = `t-${randomUUID().slice(0, 8)}`;
  const { prompt_id, reply_parts, reply_parts_truncated } = await world.manager.delegate(topic, prompt);
  expect(reply_parts).toEqual([expect.stringMatching(/^y{1000,2048}…$/), 'It is done.']);
  expect(reply_parts_truncated).toBe(true);
  return { topic, prompt_id };
}
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: SessionError) => error,
  );
const textsOf = (parts: ReplyPage['parts'], part: number) =>
  parts.flatMap((one) => (one.part === part ? [one.text] : [])).join('');

test('all of it is read in pages, also after later turns and in a topic that is closed', async () => {
  const { topic, prompt_id } = await reported();
  await world.manager.delegate(topic, 'Something else');
  await world.manager.close(topic);
  const first = await world.manager.reply(topic, prompt_id);
  expect(first).toMatchObject({ page: 1, pages: 3 });
  const others = await Promise.all([2, 3].map((page) => world.manager.reply(topic, prompt_id, page)));
  const parts = [first, ...others].flatMap((page) => page.parts);
  expect(textsOf(parts, 1)).toBe(report);
  expect(textsOf(parts, 2)).toBe('It is done.');
  expect(parts.at(-1)?.is_reply).toBe(true);
  for (const page of [0, -1, 1.5, NaN])
    expect(await refusal(world.manager.reply(topic, prompt_id, page))).toMatchObject({ code: 'INVALID_PROMPT' });
});

test('it costs the topic no event', async () => {
  const { topic, prompt_id } = await reported();
  await expect.poll(async () => (await world.manager.view(topic)).state).toBe('idle');
  const events = async () => (await world.client.workflow.getHandle(`topic/${topic}`).describe()).historyLength;
  const before = await events();
  await world.manager.reply(topic, prompt_id);
  expect(await events()).toBe(before);
});

test('a prompt that has said nothing yet, and one that is not known, are refused with a reason', async () => {
  const { topic } = await reported();
  expect(await refusal(world.manager.reply(topic, 'another'))).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  expect(await refusal(world.manager.reply('no-such-topic', 'another'))).toMatchObject({ code: 'TOPIC_UNKNOWN' });
});

test('a session that is lost is said so', async () => {
  const { topic, prompt_id } = await reported();
  world.agent.lose((await world.manager.view(topic)).session_id);
  expect(await refusal(world.manager.reply(topic, prompt_id))).toMatchObject({
    code: 'SESSION_LOST',
    topic,
    prompt_id,
  });
});

test('continuity outcome prints all of it with --full, and one page with --page', async () => {
  const continuity = continuityIn(surroundings);
  const { topic, prompt_id } = await reported();
  const full = await continuity(['outcome', topic, prompt_id, '--full']);
  expect(full.stderr).toBe('');
  expect(full.stdout).toBe(`${report}\n\nIt is done.\n`);
  const page = await continuity(['outcome', topic, prompt_id, '--page', '3', '--json']);
  expect(JSON.parse(page.stdout)).toMatchObject({ page: 3, pages: 3 });
});

test('continuity outcome --full --wait waits for the end first, and has the exit code of the turn', async () => {
  const continuity = continuityIn(surroundings);
  const topic = randomUUID();
  const go = join(world.dir, topic);
  await world.manager.submit(topic, `[[until: ${go}]] [[say: Done.]]`, { prompt_id: 'one' });
  await expect.poll(async () => (await world.manager.view(topic)).running?.session_id).toBeTruthy();
  const waits = continuity(['outcome', topic, 'one', '--full', '--wait']);
  expect((await continuity(['outcome', topic, 'one', '--full'])).stderr).toContain('has said nothing so far');
  await writeFile(go, '');
  expect(await waits).toMatchObject({ stdout: 'Done.\n', exitCode: 0 });
  await world.manager.delegate(topic, '[[fail: MODEL_FAILED]]', { prompt_id: 'two' });
  const failed = await continuity(['outcome', topic, 'two', '--page', '1', '--wait']);
  expect(failed.exitCode).toBe(5);
  expect(failed.stderr).toContain('MODEL_FAILED');
});

test('a page that is not there is a wrong argument, and a prompt that is not there is said with what to do', async () => {
  const continuity = continuityIn(surroundings);
  const { topic, prompt_id } = await reported();
  const pages = ['0', '4'].map((page) => continuity(['outcome', topic, prompt_id, '--page', page]));
  const [first, last] = await Promise.all(pages);
  expect(first).toMatchObject({ exitCode: 2, stdout: '' });
  expect(last).toMatchObject({ exitCode: 2, stdout: '' });
  expect(last?.stderr).toContain('at most 3');
  const { stderr } = await continuity(['outcome', topic, 'another', '--full']);
  expect(stderr).toContain(`continuity show ${topic}`);
});

test('a host whose worker is of an older release is said so', async () => {
  const { topic, prompt_id } = await reported();
  await world.stopWorker();
  const connection = await NativeConnection.connect({ address: world.address });
  const common = { connection, namespace: 'default' };
  const older = [
    await Worker.create({ ...common, taskQueue: CONTINUITY, workflowBundle: await loadWorkflows() }),
    await Worker.create({ ...common, taskQueue: hostQueueOf('host-1'), activities: { runTurn: () => undefined } }),
  ];
  const runs = older.map((worker) => worker.run());
  try {
    await expect.poll(() => world.manager.view(topic).catch(() => undefined)).toBeTruthy();
    const refused = await refusal(world.manager.reply(topic, prompt_id));
    expect(refused).toMatchObject({ code: 'HOST_UNAVAILABLE' });
    expect(refused?.message).toContain('host-1 is too old');
  } finally {
    for (const worker of older) worker.shutdown();
    await Promise.all(runs);
    await connection.close();
    await world.startWorker();
  }
});

test('a worker that is too old to know of it is said so within seconds', async () => {
  const { topic, prompt_id } = await reported();
  await world.stopWorker();
  const connection = await NativeConnection.connect({ address: world.address });
  const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: path('../../src/workflows/topic-session.ts'),
    payloadConverterPath: path('../../src/contract/payload-converter.ts'),
    logger: new DefaultLogger('ERROR'),
  });
  const older = await Worker.create({ connection, namespace: 'default', taskQueue: CONTINUITY, workflowBundle });
  const running = older.run();
  try {
    await expect.poll(() => world.manager.view(topic).catch(() => undefined)).toBeTruthy();
    const begunAt = performance.now();
    const refused = await refusal(world.manager.reply(topic, prompt_id));
    expect(refused).toMatchObject({ code: 'NO_WORKER', fix: expect.stringContaining('of this release') as string });
    expect(refused?.message).toContain('too old');
    expect(performance.now() - begunAt).toBeLessThan(45_000);
  } finally {
    older.shutdown();
    await running;
    await connection.close();
    await world.startWorker();
  }
});

test('where no worker polls, NO_WORKER is said within seconds', async () => {
  const { topic, prompt_id } = await reported();
  const { sessions } = await world.manager.view(topic);
  const empty = await startWorld({ worker: false });
  try {
    const refused = await refusal(readReply(empty.client, topic as TopicId, { prompt_id: prompt_id, sessions }, 1));
    expect(refused).toMatchObject({ code: 'NO_WORKER', topic, prompt_id });
    expect(refused?.message).toContain('No worker polls');
  } finally {
    await empty.dispose();
  }
});

test('session_outcome has a page of it, and reads on in a page that is too long for an answer', async () => {
  const { topic, prompt_id } = await reported();
  const mcp = await mcpClientIn(surroundings);
  try {
    const last = await mcp.call('session_outcome', { topic, prompt_id, page: 3 });
    expect(last).toMatchObject({ isError: false, content: { page: 3, pages: 3 } });
    expect(last.text).toMatch(/^y+\n\nIt is done\.\n\n\(page 3 of 3\)$/);
    // A page of one letter has more tokens than an answer may have.
    const texts: string[] = [];
    let offset: number | undefined;
    do {
      const { text, content } = await mcp.call('session_outcome', {
        topic,
        prompt_id,
        page: 1,
        ...defined({ offset }),
      });
      const { from, to, of } = content.shown!;
      texts.push(text.slice(0, to - from));
      offset = to < of ? Number(/page 1 and offset (\d+)\./.exec(text)?.[1]) : undefined;
    } while (offset !== undefined);
    expect(texts.length).toBeGreaterThan(1);
    const [first] = (await world.manager.reply(topic, prompt_id, 1)).parts;
    expect(texts.join('')).toBe(first?.text);
  } finally {
    await mcp.close();
  }
});
