/** OpenCode: one server, whose database is asked through it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createOpencodeClient } from '@opencode-ai/sdk/v2/client';
import { isolatedOpenCode } from '../../../scripted/isolated-opencode.js';
import { messageOf, type ChaosAgent, type Folders, type Stored } from './agent.js';

/** OpenCode waits as long by itself, and is cut off instead. */
const LIMIT = { code: 429, headers: { 'retry-after': '7200' } };

export function openCode(asks = false): ChaosAgent {
  return {
    config: { kind: 'opencode' },
    leavesEmptySessions: false,
    programs: ['opencode', 'opencode.exe'],
    isolate: (dir, modelUrl) => isolatedOpenCode(dir, modelUrl, asks ? { permission: { bash: 'ask' } } : {}),
    limit: () => LIMIT,
    stored,
  };
}

async function stored({ driver, project }: Folders): Promise<Stored> {
  const { port, password } = JSON.parse(await readFile(join(driver, 'server.json'), 'utf8')) as {
    port: number;
    password: string;
  };
  const Authorization = `Basic ${Buffer.from(`opencode:${password}`).toString('base64')}`;
  const agent = createOpencodeClient({ baseUrl: `http://127.0.0.1:${port}`, headers: { Authorization } });
  const sessions = await agent.session.list({ directory: project, limit: 10_000 }, { throwOnError: true });
  const store: Stored['store'] = new Map();
  for (const { id } of sessions.data) {
    const messages = await agent.session.messages({ sessionID: id }, { throwOnError: true });
    const users = messages.data.filter(({ info }) => info.role === 'user');
    store.set(
      id,
      users.map(({ parts }) => messageOf(parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])))),
    );
  }
  return { store, openedFor: new Map(sessions.data.map(({ id, title }) => [id, title])) };
}
