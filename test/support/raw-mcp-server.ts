/** `continuity mcp` as a program that writes lines to it sees it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { CallToolResult } from '@modelcontextprotocol/client';
import { CONTINUITY, type Surroundings } from '../integration/cli-command.js';

interface Message {
  id?: number | string | null;
  method?: string;
  params?: Record<string, unknown>;
  result?: CallToolResult & Record<string, unknown>;
  error?: { code: number; message: string };
}

export type RawServer = ReturnType<typeof rawServer>;

export function rawServer(
  at: Surroundings,
  more: { env?: Record<string, string>; cwd?: string; args?: string[] } = {},
) {
  const env = { PATH: process.env.PATH ?? '', HOME: at.cwd, ...at.env, ...more.env };
  const child = spawn(process.execPath, [CONTINUITY, 'mcp', ...(more.args ?? [])], { cwd: more.cwd ?? at.cwd, env });
  const lines: string[] = [];
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  const write = (line: string) => child.stdin.write(`${line}\n`);
  const send = (message: object) => write(JSON.stringify({ jsonrpc: '2.0', ...message }));
  const open = (params: object = INITIALIZE) => {
    send({ id: 0, method: 'initialize', params });
    send({ method: 'notifications/initialized' });
  };
  const call = (id: number | string, name: string, args?: object, meta?: object) =>
    send({
      id,
      method: 'tools/call',
      params: { name, ...(args && { arguments: args }), ...(meta && { _meta: meta }) },
    });
  const messages = () => lines.map((line) => JSON.parse(line) as Message);
  const answersTo = (id: number | string) => messages().filter((message) => message.id === id && !message.method);
  const answer = (id: number | string) => answersTo(id)[0];
  return { child, lines, ended, write, send, open, call, messages, answersTo, answer, stderr: () => stderr };
}

const INITIALIZE = {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'raw', version: '0' },
};
