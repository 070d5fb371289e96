/** `continuity mcp` as clients really call it: line by line, with what each of them sends. */
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rawServer } from '../support/raw-mcp-server.js';
import { startWorld, type World } from '../support/world.js';
import type { Surroundings } from './cli-command.js';

let world: World;
let surroundings: Surroundings;
beforeAll(async () => {
  world = await startWorld();
  surroundings = {
    cwd: world.dir,
    env: { TEMPORAL_ADDRESS: world.address, CONTINUITY_DATA_DIR: world.config.dataDir },
  };
});
afterAll(() => world?.dispose());

const aTopic = () => `t-${randomUUID().slice(0, 8)}`;
const aGate = () => join(world.dir, randomUUID());
const running = (topic: string, promptId: string) =>
  expect
    .poll(async () => (await world.manager.outcome(topic, promptId).catch(() => undefined))?.state, { timeout: 60_000 })
    .toBe('running');

describe('the connection', () => {
  test('lines that are no messages are passed over, and stdout holds nothing but the protocol', async () => {
    const cwd = join(world.dir, 'talkative');
    await mkdir(cwd);
    const talks = join(cwd, 'talks.mjs');
    await writeFile(talks, 'console.log("a config that talks"); export default {};');
    const server = rawServer(surroundings, { cwd, env: { CONTINUITY_CONFIG: talks } });
    server.child.stdin.write('garbage\n{"jsonrpc":\n\n[]\n');
    server.open();
    server.child.stdin.write('{"jsonrpc":"2.0","id":7,"method":42}\nmore garbage\n');
    server.call(1, 'delegate_task', { topic: aTopic(), prompt: '[[say: still here]]' });
    await expect
      .poll(() => server.answer(1)?.result?.content, { timeout: 60_000 })
      .toMatchObject([{ text: expect.stringMatching(/^still here\n/) as string }]);
    server.child.stdin.end();
    expect((await server.ended)[0]).toBe(0);
    expect(server.stderr()).toContain('a config that talks');
    expect(server.lines.map((line) => (JSON.parse(line) as { jsonrpc: string }).jsonrpc)).toEqual(
      server.lines.map(() => '2.0'),
    );
  });

  test('a client that closes stdin in mid-call ends the process, and the turn goes on', async () => {
    const [topic, gate, prompt_id] = [aTopic(), aGate(), `p-${randomUUID()}`];
    const server = rawServer(surroundings);
    server.open();
    server.call(1, 'delegate_task', { topic, prompt_id, prompt: `[[until: ${gate}]] [[say: nobody waited]]` });
    await running(topic, prompt_id);
    server.child.stdin.end();
    expect((await server.ended)[0]).toBe(0);
    await writeFile(gate, '');
    expect(await world.manager.wait(topic, prompt_id)).toMatchObject({ status: 'completed', reply: 'nobody waited' });
  });

  test('a prompt that was handed over in the last moment is accepted before the process ends', async () => {
    const [topic, prompt_id] = [aTopic(), `p-${randomUUID()}`];
    const server = rawServer(surroundings);
    server.open();
    server.call(1, 'delegate_task', { topic, prompt_id, prompt: '[[say: in time]]' });
    server.child.stdin.end();
    expect((await server.ended)[0]).toBe(0);
    expect(await world.manager.wait(topic, prompt_id)).toMatchObject({ reply: 'in time' });
  });
});
