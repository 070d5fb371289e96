/**
 * A real ACP agent, isolated, against the scripted model: `opencode acp`. What its sessions hold is
 * read by OpenCode's own `export`, not through ACP.
 */
import { execa } from 'execa';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import type { AcpHome } from '../../src/agents/acp/home.js';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import { findProgram } from '../../src/agents/opencode/program.js';
import { readTranscript } from '../../src/agents/opencode/transcript.js';
import type { AgentDriver } from '../../src/agents/driver.js';
import type { AgentConfig } from '../../src/config.js';
import { createAcp } from '../support/acp-agent.js';
import { isolatedOpenCode } from '../../scripted/isolated-opencode.js';
import { isRunning, processesOf } from '../support/processes.js';
import { startScriptedModel } from '../../scripted/model.js';
import type { AgentUnderTest } from './conformance.js';

export interface AcpUnderTest extends AgentUnderTest {
  dir: string;
  /** What a process has to have in its environment to use the same OpenCode. */
  env: Record<string, string>;
  command: string[];
  create(config?: Partial<AgentConfig>): Agent;
  /** The driver of the agent that was created last. */
  driver(): AgentDriver;
  /** The processes of the agent that have a session. */
  pids(): number[];
}

export async function acpUnderTest(config: object = {}): Promise<AcpUnderTest> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-acp-')));
  const model = await startScriptedModel();
  const isolated = { ...(await isolatedOpenCode(dir, model.url, config)), TMPDIR: join(dir, 'tmp') };
  const env = { ...(process.env as Record<string, string>), ...isolated };
  const program = await findProgram(undefined, env);
  const command = [program, 'acp'];
  const folder = join(dir, 'continuity', 'agents', 'acp');
  const cwd = join(dir, 'work');
  await mkdir(cwd);
  await mkdir(isolated.TMPDIR);
  const homes: AcpHome[] = [];
  const drivers: AgentDriver[] = [];
  const pids = () =>
    homes.flatMap((home) => [...home.runs.values()].flatMap(({ connection }) => connection.process.child.pid ?? []));
  const under: AcpUnderTest = {
    dir,
    cwd,
    env: isolated,
    command,
    model: 'scripted/model',
    otherModel: 'scripted/other',
    shellTool: 'execute',
    create(more = {}) {
      const [agent, home, driver] = createAcp({ folder, command, env, ...more });
      homes.push(home);
      drivers.push(driver);
      return agent;
    },
    driver() {
      const driver = drivers.at(-1);
      if (!driver) throw new Error('No agent was created.');
      return driver;
    },
    pids,
    requests: () => model.requests(),
    asked: () => model.requests().filter(({ aside }) => !aside),
    async promptsIn(session) {
      const messages = await readTranscript(program, session, env);
      return messages
        .filter(({ role }) => role === 'user')
        .map(({ parts }) => parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('|'));
    },
    async kill() {
      const all = pids();
      for (const pid of all) process.kill(pid, 'SIGKILL');
      for (const pid of all) await vi.waitFor(() => expect(isRunning(pid)).toBe(false));
    },
    async lose({ session_id }: SessionRef) {
      await execa(program, ['session', 'delete', session_id], { cwd, env, extendEnv: false, stdin: 'ignore' });
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
