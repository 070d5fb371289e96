import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Following } from '../../../../src/agents/codex/progress.js';
import { RunningCalls } from '../../../../src/agents/codex/running.js';
import type { AgentSignal, PromptKey } from '../../../../src/agents/driver.js';
import type { SessionId } from '../../../../src/contract/ids.js';
import { answered, asked, called, complete, recorded, started } from './records.js';

const thread = 'thread' as SessionId;

test('a tool runs from its call to its output, and not after its turn', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'continuity-rollout-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const rollout = join(folder, 'rollout.jsonl');
  const calls = new RunningCalls();
  const steps = async () => (await calls.in(thread, rollout)).map(({ id, step }) => `${id} ${step}`);
  const add = (...lines: string[]) => appendFile(rollout, `${lines.join('\n')}\n`);
  expect(await steps()).toEqual([]);
  await writeFile(rollout, '');
  await add(started('t1'), asked('t1', 'One'), recorded('t1', 'One', 'cty_1'), called('t1', 'c1'), called('t1', 'c2'));
  expect(await steps()).toEqual(['c1 bash: npm test', 'c2 bash: npm test']);
  await add(answered('t1', 'c1'));
  expect(await steps()).toEqual(['c2 bash: npm test']);
  await add(complete('t1'));
  expect(await steps()).toEqual([]);
  await add(started('t2'), called('t2', 'c3'));
  expect(await steps()).toEqual(['c3 bash: npm test']);
});

test('output of a tool and reasoning are work', () => {
  const signals: AgentSignal[] = [];
  const following = new Following(thread, 'cty_1' as PromptKey, (signal) => signals.push(signal));
  for (const method of ['item/commandExecution/outputDelta', 'item/reasoning/textDelta', 'account/updated'])
    following.notice({ method, params: { threadId: thread } });
  expect(signals).toEqual([{ type: 'worked' }, { type: 'worked' }]);
});
