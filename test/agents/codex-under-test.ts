/** The real Codex, isolated, against the scripted model. */
import { mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import type { AgentDriver } from '../../src/agents/driver.js';
import { Connection } from '../../src/agents/codex/connection.js';
import { defaultsOf } from '../../src/agents/kinds.js';
import { createCodexDriver, type CodexOptions } from '../../src/agents/codex/driver.js';
import { rolloutOf } from '../../src/agents/codex/rollout-files.js';
import { createAgent, TurnRoom } from '../../src/agents/turn/create-agent.js';
import { codexProgram, isolatedCodex } from '../../scripted/isolated-codex.js';
import { isRunning, processesOf } from '../support/processes.js';
import { startScriptedModel } from '../../scripted/model.js';
import type { AgentUnderTest } from './conformance.js';

/** Of a rollout. */
export interface RolloutRecord {
  type: string;
  payload: {
    type?: string;
    turn_id?: string;
    role?: string;
    content?: { text: string }[];
    internal_chat_message_metadata_passthrough?: { content_item_kinds?: string[] };
  };
}

export interface CodexUnderTest extends AgentUnderTest {
  dir: string;
  dataDir: string;
  env: Record<string, string>;
  logs: { message: string; facts?: object | undefined }[];
  create(options?: Partial<CodexOptions> & { maxSteps?: number }): Agent;
  /** Without the turn protocol. */
  driver(): AgentDriver;
  server(): Promise<{ pid: number; socket: string }>;
  /** As a person's own program would use the server. The caller closes it. */
  client(): Promise<Connection>;
  /** The records of a thread's rollout. */
  recordsOf(session: SessionRef): Promise<RolloutRecord[]>;
}

export async function codexUnderTest(): Promise<CodexUnderTest> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-codex-')));
  const model = await startScriptedModel({ keep: true });
  const isolated = await isolatedCodex(dir, model.url);
  const env = { ...process.env, ...isolated };
  const cwd = join(dir, 'work');
  const dataDir = join(dir, 'continuity');
  const folder = join(dataDir, 'agents', 'codex');
  await mkdir(cwd);
  const logs: CodexUnderTest['logs'] = [];
  const server = async () =>
    JSON.parse(await readFile(join(folder, 'server.json'), 'utf8')) as { pid: number; socket: string };
  const client = async () => Connection.open((await server()).socket, 5_000);
  async function recordsOf({ session_id }: SessionRef): Promise<RolloutRecord[]> {
    const path = await rolloutOf(isolated['CODEX_HOME'] ?? '', session_id);
    const lines = path === undefined ? [] : (await readFile(path, 'utf8')).split('\n');
    return lines.flatMap((line) => {
      try {
        return [JSON.parse(line) as RolloutRecord];
      } catch {
        return []; // SyntaxError: torn by a kill, or the end of the file.
      }
    });
  }
  const config = { kind: 'codex' as const, path: codexProgram() ?? 'codex' };
  const log: CodexOptions['log'] = (message, facts) => logs.push({ message, facts });
  const under: CodexUnderTest = {
    dir,
    cwd,
    dataDir,
    env: isolated,
    model: 'scripted',
    otherModel: 'scripted-2',
    logs,
    server,
    client,
    recordsOf,
    create({ maxSteps, ...options } = {}) {
      const driver = createCodexDriver({ config, folder, env, log, ...options });
      return createAgent({
        name: 'codex',
        room: new TurnRoom(folder, log),
        driver,
        defaults: defaultsOf(options.config ?? config),
        ...(maxSteps !== undefined && { maxSteps }),
      });
    },
    driver: () => createCodexDriver({ config, folder, env, log }),
    stopProvider: () => model.close(),
    requests: () => model.requests(),
    asked: () => model.requests().filter(({ aside }) => !aside),
    async promptsIn(session) {
      const records = await recordsOf(session);
      const inputs = records.filter(
        ({ type, payload }) =>
          type === 'response_item' &&
          payload.role === 'user' &&
          payload.internal_chat_message_metadata_passthrough?.content_item_kinds?.includes('user.text'),
      );
      return inputs.map(({ payload }) => (payload.content ?? []).map(({ text }) => text).join(''));
    },
    async kill() {
      const { pid } = await server();
      process.kill(pid, 'SIGKILL');
      await vi.waitFor(() => expect(isRunning(pid)).toBe(false));
    },
    async lose({ session_id }) {
      const person = await client();
      await person.call('thread/delete', { threadId: session_id });
      person.close();
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
