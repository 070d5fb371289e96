/**
 * What an agent, a model or a sender says is text. In a terminal it commands nothing; in a pipe and
 * as JSON it is whole.
 */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as messages from '../../src/contract/messages.js';
import { commandInTerminal } from '../support/in-terminal.js';
import { startWorld, type World } from '../support/world.js';
import { continuityIn, type Continuity } from './cli-command.js';

/** Writes the clipboard, moves the cursor, hides, rings, overwrites, turns the order around. */
const HOSTILE =
  'a\u001b]52;c;ZXZpbA==\u0007b\u001b[1Ac\u001b[8md\u009b2Je\u0007\u0008\u007ff rm -rf\rls \u202eevil\u202c';
/** How it reads once nothing of it is a command. */
const READABLE = /abcde?f rm -rf\r?\nls <U\+202E>evil<U\+202C>/;

let world: World;
let continuity: Continuity;
let env: Record<string, string>;
beforeAll(async () => {
  world = await startWorld();
  env = { TEMPORAL_ADDRESS: world.address, CONTINUITY_DATA_DIR: world.config.dataDir };
  continuity = continuityIn({ cwd: world.dir, env });
});
afterAll(() => world?.dispose());

async function inTerminal(words: string[]): Promise<string> {
  const { terminal, seen } = commandInTerminal(words, {
    cwd: world.dir,
    env: { PATH: process.env.PATH, HOME: world.dir, ...env },
  });
  await terminal;
  return seen();
}

/** Our own sequences are colours, and taking the progress line or the screen away. */
function expectNoCommands(seen: string): void {
  expect(seen).not.toContain('\u001b[8m');
  expect(seen.replaceAll(/\u001b\[(\d+m|2K|H|2J)/g, '')).not.toMatch(
    /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/,
  );
}

test('a reply writes no clipboard and moves no cursor in a terminal, and is whole in a pipe and as JSON', async () => {
  const [topic, id] = [randomUUID(), 'p-1'];
  const shown = await inTerminal(['delegate', '--topic', topic, '--id', id, `[[say: ${HOSTILE}]]`]);
  expect(shown).toMatch(READABLE);
  expectNoCommands(shown);
  expect((await continuity(['outcome', topic, id])).stdout).toBe(`${HOSTILE}\n`);
  expect(JSON.parse((await continuity(['outcome', topic, id, '--json'])).stdout)).toMatchObject({
    outcome: { reply: HOSTILE },
  });
  const json = await inTerminal(['outcome', topic, id, '--json']);
  expectNoCommands(json);
  expect(JSON.parse(json)).toMatchObject({ outcome: { reply: HOSTILE } });
});

test('so it is with the text that comes while the turn runs, under delegate and under watch', async () => {
  const topic = randomUUID();
  const gate = join(world.dir, randomUUID());
  const options = { cwd: world.dir, env: { PATH: process.env.PATH, HOME: world.dir, ...env } };
  const waiting = commandInTerminal(
    ['delegate', '--topic', topic, `[[saying: ${HOSTILE}]] [[until: ${gate}]] [[say: over]]`],
    options,
  );
  await expect.poll(waiting.seen).toMatch(READABLE);
  const watching = commandInTerminal(['watch', topic], options);
  await expect.poll(watching.seen).toMatch(READABLE);
  await writeFile(gate, '');
  await waiting.terminal;
  await expect.poll(watching.seen).toMatch(/turn 1 completed/);
  watching.terminal.stdin.write('\u0003');
  await watching.terminal;
  for (const { seen } of [waiting, watching]) expectNoCommands(seen());
});

test('so it is with prompts and topic names in show and list', async () => {
  const topic = `bidi \u202e${randomUUID()}`;
  await world.manager.delegate(topic, HOSTILE);
  const foreign = `topic/${HOSTILE} ${randomUUID()}`;
  await world.client.workflow.signalWithStart(messages.topicSession, {
    workflowId: foreign,
    taskQueue: messages.CONTINUITY,
    args: [{}],
    signal: messages.promptSignal,
    signalArgs: [HOSTILE],
  });
  await world.client.workflow.getHandle(foreign).query(messages.view);
  const [shown, listed] = await Promise.all([inTerminal(['show', topic]), inTerminal(['list'])]);
  expect(shown).toContain('bidi <U+202E>');
  expect(listed).toContain('bidi <U+202E>');
  for (const seen of [shown, listed]) expectNoCommands(seen);
  expect((await continuity(['list'])).stdout).toContain(topic);
});
