/**
 * A topic that goes from Claude Code to Codex and back: the real programs, with a scripted model
 * behind each. What the model was sent shows what each session knew.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { TurnResult } from '../../src/contract/types.js';
import { fetchedClaude, isolatedClaude } from '../../scripted/isolated-claude.js';
import { codexProgram, isolatedCodex } from '../../scripted/isolated-codex.js';
import { processesOf } from '../support/processes.js';
import { startScriptedModel, type ScriptedModel } from '../../scripted/model.js';
import { upBench, type UpBench } from './up-command.js';

const programs = [fetchedClaude(), codexProgram()].flatMap((program) => program ?? []);

describe.runIf(programs.length === 2)(
  'A topic of Claude Code and Codex (skipped where node scripts/fetch-agents.mjs was not run for both)',
  () => {
    let dir: string;
    let model: ScriptedModel;
    let bench: UpBench;
    beforeAll(async () => {
      dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-handoff-home-')));
      model = await startScriptedModel();
      const PATH = [...programs.map((program) => dirname(program)), process.env['PATH']].join(':');
      const codex = await isolatedCodex(dir, model.url);
      bench = await upBench('handoff-agents', { ...isolatedClaude(dir, model.url), ...codex, PATH });
      execFileSync('git', ['init', '-q'], { cwd: join(bench.dir, 'work') });
      await bench.up();
    });
    afterAll(async () => {
      await bench?.dispose();
      await model?.close();
      expect(processesOf(dir)).toEqual([]);
      await rm(dir, { recursive: true, force: true });
    });

    async function delegate(...words: string[]): Promise<TurnResult> {
      const { stdout, stderr } = await bench.continuity(['delegate', '--json', '--topic', 'auth', ...words]);
      return JSON.parse(stdout || stderr) as TurnResult;
    }
    const sent = () => model.requests().findLast(({ aside }) => !aside)?.asks ?? [];

    test('goes on with what the other one did, each in a session of its own, also when the worker is killed in the turn', async () => {
      const first = await delegate('--agent', 'claude-code', 'Add login endpoint');
      expect(first).toMatchObject({ status: 'completed', agent: 'claude-code', session: { kind: 'new' } });
      await writeFile(join(bench.dir, 'work', 'login.ts'), 'export {};\n');

      const second = await delegate('--agent', 'codex', 'Review it');
      expect(second).toMatchObject({
        status: 'completed',
        agent: 'codex',
        session: { kind: 'new', reason: 'agent_changed', follows: first.session_id },
      });
      const taken = sent().at(-1) ?? '';
      expect(taken).toContain(
        `another agent, claude-code, worked on the topic "auth" in its session ${first.session_id}`,
      );
      expect(taken).toContain('- turn 1 (completed): Add login endpoint → You asked first: "Add login endpoint".');
      expect(taken).toContain('login.ts | new');
      expect(taken.endsWith('The prompt:\n\nReview it')).toBe(true);
      // Codex was sent nothing of Claude Code's conversation but the brief.
      expect(sent().filter((ask) => ask.includes('Add login endpoint'))).toHaveLength(1);

      const asked = delegate('--agent', 'claude-code', 'Add logout endpoint [[slow: 3000]]');
      await vi.waitFor(() => expect(sent().at(-1)).toContain('Add logout endpoint'), { timeout: 60_000 });
      process.kill((await bench.recorded()).worker.pid, 'SIGKILL');
      const third = await asked;
      expect(third).toMatchObject({
        status: 'completed',
        agent: 'claude-code',
        session_id: first.session_id,
        session: { kind: 'resumed', reason: 'agent_changed', follows: second.session_id },
      });
      expect(third.reply).toMatch(
        /^You asked before: "Add login endpoint"\. Now: "Note: since your last turn in this session/,
      );
      const told = sent().at(-1) ?? '';
      expect(told).toContain(`another agent, codex, worked on the topic "auth" in its session ${second.session_id}`);
      expect(told).toContain('- turn 2 (completed): Review it');

      const fourth = await delegate('--agent', 'codex', 'Review that too');
      expect(fourth).toMatchObject({
        status: 'completed',
        session_id: second.session_id,
        session: { kind: 'resumed' },
      });
      expect(fourth.reply).toContain('- turn 3 (completed): Add logout endpoint');
      expect(sent().filter((ask) => ask.includes('since your last turn in this session'))).toHaveLength(1);
    });

    test('is shown with both sessions, and the one that has it', async () => {
      const { stdout: shown } = await bench.continuity(['show', 'auth']);
      expect(shown).toMatch(/^ +→ \S+ +codex/m);
      expect(shown).toMatch(/^ +\S+ +claude-code/m);
      const { stdout: listed } = await bench.continuity(['list']);
      expect(listed).toMatch(/^auth +\S+ +4 +codex +\S+ \(\+1\)/m);
    });
  },
);
