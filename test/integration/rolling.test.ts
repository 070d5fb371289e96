/**
 * Promises 1 to 3 while the topic continues as new again and again, with callers held and a queue.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ extraArgs: ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=50'] });
});
afterAll(() => world?.dispose());

test('120 prompts by update from 8 callers and 30 by signal, over many runs: each answered once, in order', async () => {
  const topic = randomUUID();
  const first = await world.manager.delegate(topic, 'open');
  const handle = world.client.workflow.getHandle(`topic/${topic}`);
  const answered: string[] = [];
  const caller = async (name: string) => {
    for (let i = 0; i < 15; i += 1) {
      const result = await world.manager.delegate(topic, `${name} ${i}`, { prompt_id: `${name}-${i}` });
      expect(result).toMatchObject({ status: 'completed', session_id: first.session_id });
      expect(result.reply).toContain(`here: ${name} ${i};`);
      answered.push(`${name} ${i}`);
    }
  };
  const signals = async () => {
    for (let i = 0; i < 30; i += 1) await handle.signal('prompt', { prompt: `signal ${i}`, prompt_id: `signal-${i}` });
    await Promise.all(Array.from({ length: 30 }, (_, i) => world.manager.wait(topic, `signal-${i}`)));
  };
  await Promise.all([signals(), ...Array.from({ length: 8 }, (_, i) => caller(`caller${i}`))]);
  const inSession = world.agent.promptsIn(first.session_id ?? '');
  const expected = ['open', ...answered, ...Array.from({ length: 30 }, (_, i) => `signal ${i}`)];
  expect([...inSession].sort()).toEqual(expected.sort());
  for (const name of ['signal', ...Array.from({ length: 8 }, (_, i) => `caller${i}`)]) {
    const own = inSession
      .filter((prompt) => prompt.startsWith(`${name} `))
      .map((prompt) => Number(prompt.split(' ')[1]));
    expect(own).toEqual([...own].sort((a, b) => a - b));
  }
  let runs = 0;
  for await (const execution of world.client.workflow.list({ query: `WorkflowId = 'topic/${topic}'` }))
    runs += Number(execution.workflowId !== '');
  process.stdout.write(`rolling: ${inSession.length} prompts over ${runs} runs\n`);
  expect(runs).toBeGreaterThan(10);
});
