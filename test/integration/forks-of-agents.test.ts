/** The whole stack with the real agents: a topic begins as a copy of another one, by command and by signal. */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TurnResult } from '../../src/contract/types.js';
import { fetchedClaude, isolatedClaude } from '../../scripted/isolated-claude.js';
import { codexProgram, isolatedCodex } from '../../scripted/isolated-codex.js';
import { findTemporal } from '../../src/stack/temporal-binary.js';
import { processesOf } from '../support/processes.js';
import { startScriptedModel, type ScriptedModel } from '../../scripted/model.js';
import { upBench, type UpBench } from './up-command.js';

const programs = { opencode: 'opencode', 'claude-code': fetchedClaude(), codex: codexProgram() };
type Name = keyof typeof programs;

let dir: string;
let model: ScriptedModel;
let bench: UpBench;
let address: string;
beforeAll(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-forks-')));
  model = await startScriptedModel();
  const folders = [programs['claude-code'], programs.codex].flatMap((program) => (program ? join(program, '..') : []));
  bench = await upBench('forks', {
    ...isolatedClaude(dir, model.url),
    ...(await isolatedCodex(dir, model.url)),
    HOME: dir,
    PATH: [...folders, process.env['PATH'] ?? ''].join(':'),
  });
  ({ address } = await bench.up());
});
afterAll(async () => {
  await bench?.dispose();
  await model?.close();
  expect(processesOf(dir)).toEqual([]);
  await rm(dir, { recursive: true, force: true });
});

async function delegate(...words: string[]): Promise<TurnResult> {
  const { stdout, stderr } = await bench.continuity(['delegate', '--json', ...words]);
  return JSON.parse(stdout || stderr) as TurnResult;
}

for (const name of Object.keys(programs) as Name[])
  describe.runIf(programs[name])(`A topic of ${name} (skipped where it was not fetched)`, () => {
    test('is forked at a turn by command, and as it is now by a plain signal', async () => {
      const topic = `auth-${name}`;
      const first = await delegate('--topic', topic, '--agent', name, 'Add a login endpoint');
      const { session_id } = await delegate('--topic', topic, 'Add tests');

      const copy = await delegate('--topic', topic, '--fork', '--at', '1', '--as', `jwt-${name}`, 'Now with JWT');
      expect(copy.error).toBeUndefined();
      expect(copy).toMatchObject({
        status: 'completed',
        topic: `jwt-${name}`,
        session: { kind: 'new', reason: 'forked', forked_from: { topic, session_id, turn: 1 } },
        agent: name,
        turn: 1,
        reply: 'You asked before: "Add a login endpoint". Now: "Now with JWT".',
      });
      expect(copy.session_id).not.toBe(session_id);
      expect(copy.usage?.output_tokens).toBeLessThan(2 * (first.usage?.output_tokens ?? 0) + 20);
      expect(await delegate('--topic', `jwt-${name}`, 'And docs')).toMatchObject({
        session_id: copy.session_id,
        session: { kind: 'resumed' },
        reply: 'You asked before: "Add a login endpoint", "Now with JWT". Now: "And docs".',
      });

      const { path } = await findTemporal({ report: () => undefined });
      const input = JSON.stringify({ prompt: 'By signal', prompt_id: 'signalled', fork: { topic } });
      const signal = ['--signal-name', 'prompt', '--signal-input', input, '--input', '{}'];
      const start = ['--type', 'topicSession', '--task-queue', 'continuity', '--workflow-id', `topic/signal-${name}`];
      await execa(path, ['workflow', 'signal-with-start', ...start, ...signal, '--address', address]);
      const { stdout } = await bench.continuity(['outcome', `signal-${name}`, 'signalled', '--wait', '--json']);
      expect(JSON.parse(stdout)).toMatchObject({
        session: { reason: 'forked', forked_from: { topic, session_id, turn: 2 } },
        reply: 'You asked before: "Add a login endpoint", "Add tests". Now: "By signal".',
      });
      expect(await delegate('--topic', topic, 'Go on')).toMatchObject({
        session_id,
        reply: 'You asked before: "Add a login endpoint", "Add tests". Now: "Go on".',
      });
    });
  });
