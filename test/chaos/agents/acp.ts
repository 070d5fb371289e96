/**
 * An ACP agent: `opencode acp`, a process for each session that has work. What its sessions hold is
 * read from OpenCode's database by OpenCode's own `db`, not through ACP.
 */
import { execa } from 'execa';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isolatedOpenCode } from '../../../scripted/isolated-opencode.js';
import { findProgram } from '../../../src/agents/opencode/program.js';
import { messageOf, type ChaosAgent, type Stored } from './agent.js';

const PROGRAM = await findProgram(undefined, process.env);

const TEXTS = `
SELECT s.id AS session, m.id AS message, json_extract(p.data, '$.text') AS text
FROM session s
LEFT JOIN message m ON m.session_id = s.id AND json_extract(m.data, '$.role') = 'user'
LEFT JOIN part p ON p.message_id = m.id AND json_extract(p.data, '$.type') = 'text'
ORDER BY s.id, m.time_created, m.id, p.id`;

/** A session without messages has one row, and so has a message without texts. */
interface Row {
  session: string;
  message: string | null;
  text: string | null;
}

export function acp(asks = false): ChaosAgent {
  let env: Record<string, string> = {};
  return {
    config: { kind: 'acp', command: [PROGRAM, 'acp'], model: 'scripted/model' },
    // OpenCode chooses the id, and a worker that is killed does not hear it.
    leavesEmptySessions: true,
    // Several programs that start at once on one database end each other (OpenCode 1.18.33).
    mayNotStart: true,
    programs: ['opencode', 'opencode.exe'],
    noteOfPut: /^[0-9a-f]+\/turns\/[0-9a-f]+$/,
    isolate: async (dir, modelUrl) =>
      (env = await isolatedOpenCode(dir, modelUrl, asks ? { permission: { bash: 'ask' } } : {})),
    limit: () => ({ code: 429, headers: { 'retry-after': '7200' } }),
    stored: async ({ dir, project }) => {
      const file = join(dir, 'stored.json'); // What is written to a pipe as the program ends can be cut.
      await execa(PROGRAM, ['db', TEXTS.replaceAll('\n', ' ').trim(), '--format', 'json'], {
        cwd: project,
        env,
        stdin: 'ignore',
        stdout: { file },
      });
      return storedIn(JSON.parse(await readFile(file, 'utf8')) as Row[]);
    },
  };
}

function storedIn(rows: Row[]): Stored {
  const sessions = new Map<string, Map<string, string[]>>();
  for (const { session, message, text } of rows) {
    const messages = sessions.get(session) ?? new Map<string, string[]>();
    sessions.set(session, messages);
    if (message === null) continue;
    messages.set(message, [...(messages.get(message) ?? []), ...(text === null ? [] : [text])]);
  }
  return {
    store: new Map([...sessions].map(([session, messages]) => [session, [...messages.values()].map(messageOf)])),
    openedFor: new Map(),
  };
}
