/**
 * A stage for tests of the real Claude Code: one of it for all tests of a file, and what they do
 * with it.
 */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, vi } from 'vitest';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import { blocksOf } from '../../src/agents/claude-code/rows.js';
import { fetchedClaude } from '../../scripted/isolated-claude.js';
import { isRunning } from '../support/processes.js';
import { claudeUnderTest, type ClaudeUnderTest } from './claude-code-under-test.js';
import { never, type RunningTurn } from './run.js';

export const isMissing = fetchedClaude() === undefined;
export const because = isMissing ? ' (skipped: it is not there; run: node scripts/fetch-agents.mjs claude-code)' : '';
export const patiently = { timeout: 60_000, interval: 20 };

/** Call it in a `describe`. */
export function claudeStage() {
  let under: ClaudeUnderTest;
  let agent: Agent;
  let seeds = 0;
  beforeAll(async () => {
    under = await claudeUnderTest();
    agent = under.create();
  });
  afterAll(async () => {
    await agent.close({ stop: true });
    await under.dispose();
  });
  const asksFor = (text: string) => under.asked().filter(({ asks }) => asks.at(-1)?.includes(text));
  return {
    get under() {
      return under;
    },
    get agent() {
      return agent;
    },
    async open(): Promise<SessionRef> {
      const opened = await agent.open(
        { seed: `seed ${++seeds}`, title: `Topic ${seeds}`, cwd: under.cwd, model: under.model },
        never,
      );
      return { ...opened, model: under.model, cwd: under.cwd };
    },
    asksFor,
    isAsked: (text: string, times = 1) =>
      vi.waitFor(() => expect(asksFor(text).length).toBeGreaterThanOrEqual(times), patiently),
    /** Claude Code may ask its model before it stores the prompt. */
    isStored: (session: SessionRef, prompt: string) =>
      vi.waitFor(async () => expect(await under.promptsIn(session)).toContain(prompt), patiently),
    /** Of tools, in the session's file. */
    hasResults: (session: SessionRef, count: number) =>
      vi.waitFor(
        async () =>
          expect(
            (await under.rowsIn(session)).filter((row) => blocksOf(row).some(({ type }) => type === 'tool_result')),
          ).toHaveLength(count),
        patiently,
      ),
    /** What a tool has written. */
    read: (file: string) =>
      vi.waitFor(
        () =>
          readFile(join(under.cwd, file), 'utf8').then((text) => {
            expect(text).toMatch(/\n/);
            return text.trim();
          }),
        patiently,
      ),
    pidIn: (session: SessionRef) =>
      vi.waitFor(() => {
        const pid = under.pidIn(session);
        expect(pid).toBeDefined();
        return pid as number;
      }, patiently),
    /** Another worker's agent takes the place of this one. */
    renew: () => (agent = under.create()),
    /**
     * As when a worker dies: nothing of it is left but what is on the disk. @returns the agent of
     * the next one
     */
    async abandon(turn: RunningTurn): Promise<Agent> {
      turn.detach();
      await expect(turn.outcome).rejects.toThrow('detached');
      agent = under.create();
      return agent;
    },
    /** A person's own Claude Code on the session, which lives until its input ends. */
    personOn({ session_id }: SessionRef) {
      const args = [
        '-p',
        '--input-format',
        'stream-json',
        '--output-format',
        'stream-json',
        '--verbose',
        '--setting-sources',
        '',
        '--model',
        under.model,
        '--resume',
        session_id,
      ];
      const child = spawn(under.program, args, {
        cwd: under.cwd,
        env: { ...process.env, ...under.env },
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      return {
        says: (text: string) =>
          child.stdin.write(
            `${JSON.stringify({ type: 'user', session_id: '', parent_tool_use_id: null, message: { role: 'user', content: text } })}\n`,
          ),
        leave: () => child.stdin.end(),
        isThere: () => vi.waitFor(async () => expect(await under.home.otherOn(session_id)).toBe(child.pid), patiently),
        isGone: () => vi.waitFor(() => expect(isRunning(child.pid as number)).toBe(false), patiently),
      };
    },
  };
}
