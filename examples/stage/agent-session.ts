/** Reads what the agent itself keeps of a session, without any code of ours. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { findProgram } from '../../src/agents/opencode/program.js';
import type { AgentName } from './agents.js';
import type { Stage } from './stage.js';

type Read = (stage: Stage, session: string) => Promise<string[]>;

const READ: Record<AgentName, Read> = { opencode: askOpenCode, 'claude-code': readTranscript, codex: readRollout };

/** The prompts that it holds, oldest first. */
export const promptsInSession: Read = (stage, session) => READ[stage.agent](stage, session);

interface Exported {
  messages: { info: { role: string }; parts: { type: string; text?: string }[] }[];
}

async function askOpenCode({ env, project }: Stage, session: string): Promise<string[]> {
  const program = await findProgram(undefined, env);
  const { stdout } = await execa(program, ['export', session], {
    cwd: project,
    env,
    extendEnv: false,
    stdin: 'ignore',
    timeout: 90_000,
  });
  const { messages } = JSON.parse(stdout) as Exported;
  return messages
    .filter(({ info }) => info.role === 'user')
    .map(({ parts }) => parts.map(({ text = '' }) => text).join(''));
}

interface Block {
  type: string;
  text?: string;
}

interface Row {
  type: string;
  isMeta?: boolean;
  isSidechain?: boolean;
  message?: { content: string | Block[] };
}

/** Claude Code keeps each message in a row of the session's file; a result of a tool is the user's, too. */
async function readTranscript({ env }: Stage, session: string): Promise<string[]> {
  const rows = await rowsOf<Row>(join(env.CLAUDE_CONFIG_DIR ?? '', 'projects'), `${session}.jsonl`);
  return rows.flatMap(({ type, isMeta, isSidechain, message }) => {
    if (type !== 'user' || isMeta || isSidechain || !message) return [];
    const { content } = message;
    const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
    return blocks.some((block) => block.type === 'tool_result') ? [] : [textIn(blocks)];
  });
}

interface Item {
  type: string;
  payload: {
    role?: string;
    content?: Block[];
    internal_chat_message_metadata_passthrough?: { content_item_kinds?: string[] };
  };
}

/** Codex marks what a person has said, among what it says itself under the role of the user. */
async function readRollout({ env }: Stage, session: string): Promise<string[]> {
  const items = await rowsOf<Item>(join(env.CODEX_HOME ?? '', 'sessions'), `${session}.jsonl`);
  return items.flatMap(({ type, payload }) => {
    const kinds = payload.internal_chat_message_metadata_passthrough?.content_item_kinds ?? [];
    return type === 'response_item' && payload.role === 'user' && kinds.includes('user.text')
      ? [textIn(payload.content ?? [])]
      : [];
  });
}

const textIn = (blocks: Block[]) => blocks.map(({ text = '' }) => text).join('');

/** Of the one file in the folder whose name ends so. */
async function rowsOf<T>(folder: string, ending: string): Promise<T[]> {
  const name = (await readdir(folder, { recursive: true })).find((file) => file.endsWith(ending));
  const lines = name === undefined ? [] : (await readFile(join(folder, name), 'utf8')).split('\n');
  return lines.flatMap((line) => (line === '' ? [] : [JSON.parse(line) as T]));
}
