/**
 * Follow-ups to an agent without us: its own program or server, in the same surroundings, with the
 * same arguments where it takes any.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createOpencodeClient } from '@opencode-ai/sdk/v2/client';
import { Connection } from '../src/agents/codex/connection.js';
import { spawnServer } from '../src/agents/codex/spawn.js';
import { argumentsOf, environmentOf } from '../src/agents/claude-code/settings.js';
import type { SessionRef } from '../src/agents/agent.js';
import type { SessionId } from '../src/contract/ids.js';
import { killTree, AGENT_MARKER } from '../src/host/process-tree.js';
import type { ChaosAgentName } from '../test/chaos/agents/index.js';
import { until } from '../test/support/worker-stage.js';

export interface Bare {
  /** @returns the ms until the answer was whole */
  followUp(prompt: string): Promise<number>;
  end(): Promise<void>;
}

export interface Surroundings {
  dir: string;
  cwd: string;
  /** Of the agent's driver. */
  driver: string;
  /** The agent's program. */
  program: string;
  env: Record<string, string>;
}

/** ACP has no client of its own to compare with. */
export type MeasuredAgent = Exclude<ChaosAgentName, 'acp'>;

export const BARE: Record<MeasuredAgent, (around: Surroundings) => Promise<Bare>> = {
  opencode: bareOpenCode,
  'claude-code': bareClaude,
  codex: bareCodex,
};

async function timed(work: () => Promise<unknown>): Promise<number> {
  const since = performance.now();
  await work();
  return performance.now() - since;
}

/** Through the server that the worker has started. */
async function bareOpenCode({ driver, cwd: directory }: Surroundings): Promise<Bare> {
  const { port, password } = JSON.parse(await readFile(join(driver, 'server.json'), 'utf8')) as {
    port: number;
    password: string;
  };
  const Authorization = `Basic ${Buffer.from(`opencode:${password}`).toString('base64')}`;
  const client = createOpencodeClient({
    baseUrl: `http://127.0.0.1:${port}`,
    headers: { Authorization },
    throwOnError: true,
  });
  const { data } = await client.session.create({ directory, title: 'Bare' }, { throwOnError: true });
  return {
    followUp: (text) =>
      timed(() => client.session.prompt({ sessionID: data.id, directory, parts: [{ type: 'text', text }] })),
    end: () => Promise.resolve(),
  };
}

/** A process for each turn, over pipes, until it says `result`. */
async function bareClaude({ program, cwd, env }: Surroundings): Promise<Bare> {
  const session: SessionRef = { session_id: randomUUID() as SessionId, cwd, store: '', model: 'scripted' };
  const turn = async (start: 'new_session' | 'prompt', prompt: string): Promise<number> => {
    const since = performance.now();
    const child = spawn(program, argumentsOf(start, session, { permissionMode: 'bypassPermissions' }), {
      cwd,
      env: environmentOf('prompt', env),
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const exit = once(child, 'exit');
    child.stdin.end(`${JSON.stringify({ type: 'user', message: { role: 'user', content: prompt } })}\n`);
    let answeredAfter = NaN;
    for await (const line of createInterface(child.stdout))
      if (line.includes('"type":"result"') && line.includes('"is_error":false'))
        answeredAfter = performance.now() - since;
    await exit;
    if (Number.isNaN(answeredAfter)) throw new Error(`${program} gave no result.`);
    return answeredAfter;
  };
  await turn('new_session', 'Hello [[say: Hello.]]');
  return { followUp: (prompt) => turn('prompt', prompt), end: () => Promise.resolve() };
}

/** A client that stays connected, on a server of its own. */
async function bareCodex({ program, dir, cwd, env }: Surroundings): Promise<Bare> {
  const folder = join(dir, 'bare');
  await mkdir(folder);
  const socket = join(folder, 's');
  const marker = `bare-${randomUUID()}`;
  await spawnServer({ program, socket, marker, folder, logFile: join(folder, 'log'), env });
  let connection: Connection | undefined;
  await until(async () => {
    connection = await Connection.open(socket, 3000).catch(() => undefined);
    return connection !== undefined;
  });
  const client = connection as unknown as Connection;
  const settings = { cwd, approvalPolicy: 'never', model: 'scripted' };
  const started = (await client.call('thread/start', { ...settings, sandbox: 'workspace-write' })) as {
    thread: { id: string };
  };
  const turn = (prompt: string) =>
    timed(async () => {
      const completed = new Promise<void>((resolve) => {
        const stop = client.listen((notice) => {
          if (notice && notice.method !== 'turn/completed') return;
          stop();
          resolve();
        });
      });
      const input = [{ type: 'text', text: prompt, text_elements: [] }];
      await client.call('turn/start', { threadId: started.thread.id, input, ...settings });
      await completed;
    });
  await turn('Hello [[say: Hello.]]');
  return {
    followUp: turn,
    async end() {
      client.close();
      await killTree(`${AGENT_MARKER}=${marker}`);
    },
  };
}
