/** The real OpenCode, isolated, against the scripted model. */
import { createOpencodeClient, type OpencodeClient } from '@opencode-ai/sdk/v2/client';
import { mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import type { SessionRef } from '../../src/agents/agent.js';
import { isolatedOpenCode } from '../../scripted/isolated-opencode.js';
import { createOpenCode, type OpenCodeAgentOptions } from '../support/opencode-agent.js';
import { isRunning, processesOf } from '../support/processes.js';
import { startScriptedModel } from '../../scripted/model.js';
import type { AgentUnderTest } from './conformance.js';

interface ServerRecord {
  pid: number;
  port: number;
  password: string;
}

export interface OpenCodeUnderTest extends AgentUnderTest {
  dir: string;
  dataDir: string;
  /** What a process of ours has to have in its environment to use the same OpenCode. */
  env: Record<string, string>;
  logs: { message: string; facts?: object | undefined }[];
  create(options?: Partial<OpenCodeAgentOptions>): ReturnType<typeof createOpenCode>;
  server(): Promise<ServerRecord>;
  /** As a person's own program would use the server. */
  client(dataDir?: string): Promise<OpencodeClient>;
  /** What the agent answered, step by step; empty for a step without text. */
  repliesIn(session: SessionRef): Promise<string[]>;
  statusOf(session: SessionRef): Promise<string>;
  /** The sessions of the working directory that are not idle, with their status. */
  notIdle(): Promise<object>;
  logFile: string;
}

export async function openCodeUnderTest(config: object = {}): Promise<OpenCodeUnderTest> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'continuity-opencode-')));
  const model = await startScriptedModel();
  const isolated = await isolatedOpenCode(dir, model.url, config);
  const env = { ...process.env, ...isolated };
  const cwd = join(dir, 'work');
  const dataDir = join(dir, 'continuity');
  await mkdir(cwd);
  const logs: OpenCodeUnderTest['logs'] = [];
  const server = async (data = 'continuity') =>
    JSON.parse(await readFile(join(dir, data, 'agents', 'opencode', 'server.json'), 'utf8')) as ServerRecord;
  const client = async (data?: string) => {
    const { port, password } = await server(data);
    const Authorization = `Basic ${Buffer.from(`opencode:${password}`).toString('base64')}`;
    return createOpencodeClient({
      baseUrl: `http://127.0.0.1:${port}`,
      headers: { Authorization },
      throwOnError: true,
    });
  };
  async function textsIn({ session_id }: SessionRef, role: 'user' | 'assistant'): Promise<string[]> {
    const messages = await (await client()).session.messages({ sessionID: session_id }, { throwOnError: true });
    return messages.data
      .filter(({ info }) => info.role === role)
      .map(({ parts }) => parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('|'));
  }
  const under: OpenCodeUnderTest = {
    dir,
    cwd,
    dataDir,
    env: isolated,
    model: 'scripted/model',
    otherModel: 'scripted/other',
    logs,
    server: () => server(),
    client,
    logFile: join(dataDir, 'agents', 'opencode', 'server.log'),
    create: (options = {}) =>
      createOpenCode({
        name: 'opencode',
        config: { kind: 'opencode' },
        dataDir,
        env,
        log: (message, facts) => logs.push({ message, facts }),
        ...options,
      }),
    stopProvider: () => model.close(),
    requests: () => model.requests(),
    asked: () => model.requests().filter(({ aside }) => !aside),
    promptsIn: (session) => textsIn(session, 'user'),
    repliesIn: (session) => textsIn(session, 'assistant'),
    async statusOf({ session_id, cwd: directory }) {
      const status = await (await client()).session.status({ directory }, { throwOnError: true });
      return status.data[session_id]?.type ?? 'idle';
    },
    async notIdle() {
      const status = await (await client()).session.status({ directory: cwd }, { throwOnError: true });
      return Object.fromEntries(Object.entries(status.data).filter(([, { type }]) => type !== 'idle'));
    },
    async kill() {
      const { pid } = await server();
      process.kill(pid, 'SIGKILL');
      await vi.waitFor(() => expect(isRunning(pid)).toBe(false));
    },
    async lose({ session_id }) {
      await (await client()).session.delete({ sessionID: session_id });
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
