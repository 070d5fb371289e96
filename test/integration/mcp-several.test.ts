/** An orchestrator with several tasks: one call for all of them, over the library, the command line and MCP. */
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mcpClientIn, type McpClient } from '../support/mcp-client.js';
import { startWorld, type World } from '../support/world.js';
import { continuityIn, type Surroundings, surroundingsOf } from './cli-command.js';

let world: World;
let surroundings: Surroundings;
let mcp: McpClient;
beforeAll(async () => {
  world = await startWorld();
  surroundings = surroundingsOf(world);
  mcp = await mcpClientIn(surroundings);
});
afterAll(async () => {
  await mcp?.close();
  await world?.dispose();
});

const aTopic = () => `t-${randomUUID().slice(0, 8)}`;
interface Several {
  outcomes: { status: string; topic: string; prompt_id: string; error?: { code: string }; waiting_for?: object }[];
  ended: number;
  open: number;
}

/** A turn that runs until its gate is there, and says its name. */
async function gated(name: string) {
  const gate = join(world.dir, randomUUID());
  const { topic, prompt_id } = await world.manager.submit(aTopic(), `[[until: ${gate}]] [[say: ${name}]]`);
  return { named: { topic, prompt_id }, open: () => writeFile(gate, '') };
}
const several = async (prompts: object[], more: object = {}, options?: Parameters<McpClient['call']>[2]) => {
  const { text, isError, content } = await mcp.call('session_outcome', { prompts, ...more }, options);
  return { text, isError, ...(content as unknown as Several) };
};

test('any: returns when the first has ended; all: when all have; and one that is unknown hides none', async () => {
  const [one, two] = [await gated('one'), await gated('two')];
  const unknown = { topic: 'nobody', prompt_id: 'p-nobody' };
  const prompts = [one.named, unknown, two.named];
  expect(await several(prompts, { wait_seconds: 0 })).toMatchObject({ isError: false, ended: 0, open: 2 });
  const told: (string | undefined)[] = [];
  const first = several(
    prompts,
    { wait: 'any', wait_seconds: 120 },
    { onprogress: ({ message }) => told.push(message) },
  );
  await expect.poll(() => told.length, { timeout: 60_000 }).toBeGreaterThan(0);
  await two.open();
  const any = await first;
  expect(any).toMatchObject({ ended: 1, open: 1 });
  expect(any.outcomes).toMatchObject([
    { status: 'accepted', ...one.named },
    { status: 'error', error: { code: 'TOPIC_UNKNOWN' } },
    { status: 'completed', ...two.named },
  ]);
  expect(any.text).toMatch(/^1 of 3 have ended, 1 go on\.\n\n── 1 of 3 ──\n[\s\S]*── 3 of 3 ──\ntwo\n/);
  expect(told[0]).toBe('waiting for any: 0 of 3 have ended meanwhile');
  const both = several(prompts, { wait_seconds: 120 });
  await one.open();
  expect((await both).outcomes.map(({ status }) => status)).toEqual(['completed', 'error', 'completed']);
  expect(await several([unknown])).toMatchObject({ isError: true });
});

test('the wait returns what there is when its time is over, or when a turn asks', async () => {
  const one = await gated('one');
  expect(await several([one.named], { wait_seconds: 0.5 })).toMatchObject({ ended: 0, open: 1 });
  const { topic, prompt_id } = await world.manager.submit(aTopic(), '[[ask: bash | rm -rf dist]]');
  const asked = await several([one.named, { topic, prompt_id }], { wait_seconds: 120 });
  expect(asked.outcomes[1]).toMatchObject({ status: 'accepted', waiting_for: { for: 'answer' } });
  expect(asked.text).toContain('rm -rf dist');
  await world.manager.answer(topic, { decision: 'deny' });
  await one.open();
});

test('long replies share the room of one answer, and each says how to read on', async () => {
  const prompts = await Promise.all(
    [200_000, 10, 200_000].map(async (length) => {
      const { topic, prompt_id } = await world.manager.delegate(aTopic(), `[[big: ${length}]]`);
      return { topic, prompt_id };
    }),
  );
  const { text, ended } = await several(prompts);
  expect(ended).toBe(3);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(48 * 1024);
  expect(text.match(/call session_outcome with this topic, prompt_id, offset \d+/g)).toHaveLength(2);
});

test.each([
  [{}, /name a task/],
  [{ topic: 't' }, /name a task/],
  [{ prompts: [] }, /"prompts"/],
  [{ prompts: Array.from({ length: 21 }, () => ({ topic: 't', prompt_id: 'p' })) }, /"prompts"/],
  [{ prompts: [{ topic: 't', prompt_id: 'p' }], topic: 't', prompt_id: 'p' }, /only "wait"/],
  [{ topic: 't', prompt_id: 'p', wait: 'any' }, /needs a field "prompts"/],
  [{ prompts: [{ topic: 't', prompt_id: 'p' }], wait: 'some' }, /"wait"/],
])('%j is refused with a reason', async (args, reason) => {
  const { content } = await mcp.call('session_outcome', args);
  expect(content.error).toMatchObject({ code: 'INVALID_PROMPT', message: expect.stringMatching(reason) as string });
});

test('the library waits for several, and a signal stops the wait and not the turns', async () => {
  const one = await gated('one');
  const stop = new AbortController();
  const waiting = world.manager.outcomes([one.named], { wait: 'all', signal: stop.signal });
  stop.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  const seen: string[] = [];
  const ended = world.manager.outcomes([one.named], { wait: 'any', onEnded: ({ state }) => seen.push(state) });
  await one.open();
  expect(await ended).toMatchObject([{ ...one.named, state: 'ended', outcome: { reply: 'one' } }]);
  expect(seen).toEqual(['ended']);
  await expect(world.manager.outcomes([])).rejects.toMatchObject({ code: 'INVALID_PROMPT' });
});

test('continuity outcome takes several, and --any waits for the first', async () => {
  const continuity = continuityIn(surroundings);
  const [one, two] = [await gated('one'), await gated('two')];
  const words = [one, two].flatMap(({ named }) => [named.topic, named.prompt_id]);
  const first = continuity(['outcome', ...words, '--wait', '--any', '--json']);
  await two.open();
  const any = await first;
  expect(any.exitCode).toBe(0);
  expect(JSON.parse(any.stdout)).toMatchObject({ outcomes: [{ state: 'running' }, { state: 'ended' }] });
  await one.open();
  const all = await continuity(['outcome', ...words, '--wait']);
  expect(all.stdout).toBe(
    `── ${words.slice(0, 2).join(' ')}: completed\none\n\n── ${words.slice(2).join(' ')}: completed\ntwo\n`,
  );
  const unknown = await continuity(['outcome', ...words, 'nobody', 'p']);
  expect(unknown).toMatchObject({ exitCode: 3, stdout: expect.stringContaining('two') as string });
  expect((await continuity(['outcome', ...words, 'nobody'])).stderr).toContain('"nobody" has no prompt_id');
  expect((await continuity(['outcome', 't', 'p', '--any'])).exitCode).toBe(2);
  const withoutWait = await continuity(['outcome', ...words, '--any']);
  expect(withoutWait).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--wait') as string });
});

test('session_list has the topics of this project first, with the goal of the last turn, and marks what was delegated here', async () => {
  const topic = aTopic();
  await mcp.call('delegate_task', { topic, prompt: 'Make a plan' });
  const others = aTopic();
  await world.manager.submit(others, 'Not from this client');
  const elsewhere = join(world.dir, 'elsewhere');
  await mkdir(elsewhere);
  const away = aTopic();
  await (await world.connect({ cwd: elsewhere })).delegate(away, 'In another project');
  interface Listed {
    topics: { topic: string; goal?: string; yours?: boolean; project?: string }[];
  }
  const list = async () => ((await mcp.call('session_list', { limit: 200 })).content as unknown as Listed).topics;
  await expect
    .poll(async () => (await list()).find((one) => one.topic === topic), { timeout: 60_000 })
    .toMatchObject({ goal: 'Make a plan', yours: true });
  await expect.poll(async () => (await list()).map((one) => one.topic), { timeout: 60_000 }).toContain(away);
  expect((await list()).at(-1)).toMatchObject({ topic: away, goal: 'In another project' });
  expect((await list()).find((one) => one.topic === others)).not.toHaveProperty('yours');
});
