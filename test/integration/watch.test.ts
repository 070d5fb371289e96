/** `watch`: a topic, live, for any number of people, at no cost in history. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TopicEvent } from '../../src/client/watch-topic.js';
import { startWorld, type World } from '../support/world.js';
import { commandInTerminal } from '../support/in-terminal.js';
import { CONTINUITY } from './cli-command.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.dispose());

const historyOf = async (topic: string) =>
  (await world.client.workflow.getHandle(`topic/${topic}`).describe()).historyLength;

test('two watchers see the same turn from its begin to its end, and history does not notice them', async () => {
  const topic = randomUUID();
  const gate = join(world.dir, randomUUID());
  await world.manager.submit(topic, `[[until: ${gate}]] work`, { prompt_id: 'p-1' });
  await expect.poll(async () => (await world.manager.progress(topic))?.step).toBe('reading');
  const before = await historyOf(topic);
  const left = new AbortController();
  const seen: TopicEvent[][] = [[], []];
  const watching = seen.map(async (events) => {
    for await (const event of world.manager.watch(topic, left.signal)) events.push(event);
  });
  for (const events of seen) await expect.poll(() => events.map(({ type }) => type)).toEqual(['view', 'progress']);
  expect(await historyOf(topic)).toBe(before);
  await writeFile(gate, '');
  for (const events of seen)
    await expect
      .poll(() =>
        events.some(
          (event) =>
            event.type === 'view' && event.view.state === 'idle' && event.view.outcomes[0]?.prompt_id === 'p-1',
        ),
      )
      .toBe(true);
  const [turn] = seen[0] ?? [];
  expect(turn).toMatchObject({ type: 'view', view: { running: { prompt_id: 'p-1', turn: 1 } } });
  left.abort();
  await Promise.all(watching);
});

test('it ends with the topic', async () => {
  const topic = randomUUID();
  await world.manager.delegate(topic, 'work');
  const states: string[] = [];
  const watching = (async () => {
    for await (const event of world.manager.watch(topic)) if (event.type === 'view') states.push(event.view.state);
  })();
  await expect.poll(() => states.length).toBeGreaterThan(0);
  await world.manager.close(topic);
  await watching;
  expect(states.at(-1)).toBe('closed');
});

test('the command prints lines into a pipe, leaves with Ctrl-C, and names a topic that is not there', async () => {
  const topic = randomUUID();
  await world.manager.delegate(topic, '[[say: hello there]]');
  const options = {
    cwd: world.dir,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: world.dir,
      TEMPORAL_ADDRESS: world.address,
      CONTINUITY_DATA_DIR: world.config.dataDir,
    },
    extendEnv: false,
    reject: false,
  } as const;
  const watching = execa(process.execPath, [CONTINUITY, 'watch', topic], options);
  let printed = '';
  watching.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  await expect
    .poll(() => printed)
    .toMatch(new RegExp(`^✔ turn 1 completed · new · .*: hello there\n${topic}  idle · 1 turn · ses_\\w+ of fake\n$`));
  watching.kill('SIGINT');
  expect((await watching).exitCode).toBe(130);
  const nobody = await execa(process.execPath, [CONTINUITY, 'watch', 'nobody'], options);
  expect(nobody.stderr).toContain('TOPIC_UNKNOWN: There is no topic nobody.');
});

test('delegate in a terminal shows the same while it waits, and then the reply; NO_COLOR is heeded, and 40 columns are enough', async () => {
  const topic = randomUUID();
  const gate = join(world.dir, randomUUID());
  const env = {
    PATH: process.env.PATH,
    HOME: world.dir,
    TEMPORAL_ADDRESS: world.address,
    CONTINUITY_DATA_DIR: world.config.dataDir,
    NO_COLOR: '1',
  };
  const { terminal, seen } = commandInTerminal(
    ['delegate', '--topic', topic, `[[until: ${gate}]] [[say: All done.]]`],
    { cwd: world.dir, env, columns: 40 },
  );
  await expect.poll(seen).toMatch(/▶ turn 1: \[\[until:[^]*\u001b\[2K {2}· reading\r\n[^]*1 s · reading/);
  await writeFile(gate, '');
  expect((await terminal).exitCode).toBe(0);
  const lines = seen().replaceAll(/\r\u001b\[2K(\p{Script=Braille}[^\r\n]*)?/gu, '');
  expect(lines).toMatch(/\nAll done\.\r\ntopic /);
  expect(lines.match(/All done\./g)).toHaveLength(2); // In the prompt and as the reply: the outcome is told once.
  expect(lines).not.toContain('\u001b');
});
