/** The real Claude Code, isolated, against the scripted model. */
import { mkdir, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import { defaultsOf } from '../../src/agents/kinds.js';
import { createClaudeDriver } from '../../src/agents/claude-code/driver.js';
import { ClaudeHome } from '../../src/agents/claude-code/home.js';
import { readRows, textOf, type Row } from '../../src/agents/claude-code/rows.js';
import { sessionFileOf } from '../../src/agents/claude-code/store.js';
import { conversationIn, isPrompt } from '../../src/agents/claude-code/turn-state.js';
import type { AgentDriver } from '../../src/agents/driver.js';
import { createAgent, TurnRoom } from '../../src/agents/turn/create-agent.js';
import type { AgentConfig } from '../../src/config.js';
import { fetchedClaude, isolatedClaude } from '../../scripted/isolated-claude.js';
import { isRunning, processesOf } from '../support/processes.js';
import { startScriptedModel } from '../../scripted/model.js';
import type { AgentUnderTest } from './conformance.js';

export interface ClaudeUnderTest extends AgentUnderTest {
  dir: string;
  /**
   * What a process of ours, or of a person, has to have in its environment to use the same Claude
   * Code.
   */
  env: Record<string, string>;
  program: string;
  /** A worker's agent and its driver, with Claude Code's own default permissions. */
  careful(): { agent: Agent; driver: AgentDriver };
  create(options?: { config?: Partial<AgentConfig>; maxSteps?: number }): Agent;
  rowsIn(session: SessionRef): Promise<Row[]>;
  /** The pid of the run that works in the session. */
  pidIn(session: SessionRef): number | undefined;
  /** A look of its own at what is kept of runs. */
  home: ClaudeHome;
}

/** `variables`: added to the environment. */
export async function claudeUnderTest(variables: Record<string, string> = {}): Promise<ClaudeUnderTest> {
  const program = fetchedClaude() ?? 'claude';
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-claude-')));
  const model = await startScriptedModel({ keep: true });
  const isolated = { ...isolatedClaude(dir, model.url), ...variables };
  const env = { ...(process.env as Record<string, string>), ...isolated };
  const cwd = join(dir, 'work');
  const folder = join(dir, 'continuity', 'agents', 'claude-code');
  await mkdir(cwd);
  const home = new ClaudeHome(folder, env);
  const rowsIn = async (session: SessionRef) => (await readRows(await sessionFileOf(home.store, session))) ?? [];
  const sessions = () => readdir(join(folder, 'runs')).catch((): string[] => []);
  const under: ClaudeUnderTest = {
    dir,
    cwd,
    env: isolated,
    program,
    home,
    model: 'scripted',
    otherModel: 'scripted-2',
    careful() {
      const driver = createClaudeDriver({ kind: 'claude-code', path: program }, new ClaudeHome(folder, env));
      return {
        driver,
        agent: createAgent({ name: 'claude-code', room: new TurnRoom(folder, () => undefined), driver }),
      };
    },
    create({ config, maxSteps } = {}) {
      const room = new TurnRoom(folder, () => undefined);
      const driver = createClaudeDriver(
        { kind: 'claude-code', path: program, permissionMode: 'bypassPermissions', ...config },
        new ClaudeHome(folder, env),
      );
      return createAgent({
        name: 'claude-code',
        room,
        driver,
        defaults: defaultsOf(config),
        ...(maxSteps !== undefined && { maxSteps }),
      });
    },
    stopProvider: () => model.close(),
    requests: () => model.requests(),
    asked: () => model.requests().filter(({ aside }) => !aside),
    rowsIn,
    promptsIn: async (session) =>
      conversationIn(await rowsIn(session))
        .filter(isPrompt)
        .map(textOf),
    pidIn: ({ session_id }) => home.runs.of(session_id)?.pid,
    async kill() {
      const pids = (await sessions()).flatMap(
        (session) => home.runs.of(session as SessionRef['session_id'])?.pid ?? [],
      );
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      for (const pid of pids) await vi.waitFor(() => expect(isRunning(pid)).toBe(false));
    },
    async lose(session) {
      await rm(await sessionFileOf(home.store, session));
    },
    async dispose() {
      await under.create().close({ stop: true }); // Also what a test that failed has left.
      await model.close();
      expect(processesOf(dir)).toEqual([]);
      await rm(dir, { recursive: true, force: true });
    },
  };
  return under;
}
