/** A turn is over when its work is: the real Codex has no sub-agents that would outlast it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import { codexProgram } from '../../scripted/isolated-codex.js';
import { commandOf, processesOf } from '../support/processes.js';
import { codexUnderTest, type CodexUnderTest } from './codex-under-test.js';
import { never, runTurn } from './run.js';

describe.runIf(codexProgram() !== undefined)(
  'Codex (skipped where node scripts/fetch-agents.mjs codex was not run)',
  () => {
    let under: CodexUnderTest;
    let agent: Agent;
    beforeAll(async () => {
      under = await codexUnderTest();
      agent = under.create();
    });
    afterAll(async () => {
      await agent?.close({ stop: true });
      await under?.dispose();
    });
    async function open(seed: string): Promise<SessionRef> {
      const opened = await agent.open({ seed, title: seed, cwd: under.cwd, model: under.model }, never);
      return { ...opened, model: under.model, cwd: under.cwd };
    }

    test('offers the model no sub-agents', async () => {
      await runTurn(agent, await open('tools'), 'What is there? [[say: This.]]');
      const { tools } = JSON.parse(under.asked().at(-1)?.body ?? '{}') as { tools: { name?: string; type: string }[] };
      const names = tools.map(({ name, type }) => name ?? type);
      expect(names).toContain('exec_command');
      expect(names.filter((name) => /agent/.test(name))).toEqual([]);
    });

    test('ends a command that still runs with the turn, and is not told of its end', async () => {
      const cmd = 'echo started > background.txt; sleep 297.5';
      const call = `[[tool: exec_command ${JSON.stringify({ cmd, yield_time_ms: 500 })}]]`;
      const session = await open('command');
      const sleeps = () => processesOf(under.dir).filter((pid) => commandOf(pid).includes('297.5'));
      expect(await runTurn(agent, session, `Serve ${call} [[say: It serves.]]`)).toMatchObject({
        status: 'completed',
        reply: 'It serves.',
      });
      expect(await readFile(join(under.cwd, 'background.txt'), 'utf8')).toBe('started\n');
      await vi.waitFor(() => expect(sleeps()).toEqual([]), { timeout: 60_000 });
    });
  },
);
