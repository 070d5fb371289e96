/** The official MCP client, with `continuity mcp` as a process of its own behind it. */
import { Client, type CallToolResult, type ElicitRequest, type ElicitResult } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import type { Waiting } from '../../src/contract/asks.js';
import type { Failure } from '../../src/contract/failures.js';
import type { TurnResult } from '../../src/contract/types.js';
import { CONTINUITY, type Surroundings } from '../integration/cli-command.js';

export interface Answer {
  text: string;
  isError: boolean;
  /** Which of its forms, the test knows. */
  content: Omit<TurnResult, 'status' | 'error'> & {
    status: TurnResult['status'] | 'accepted';
    state?: string;
    error?: Failure;
    waiting_for?: Waiting;
    /** Which characters of the reply. */
    shown?: { from: number; to: number; of: number };
  };
}

export type CallOptions = Parameters<Client['callTool']>[1];

/** What a person answers to a form. */
export type Elicits = (params: ElicitRequest['params']) => ElicitResult | Promise<ElicitResult>;

export interface McpClient {
  client: Client;
  pid: number;
  call: (tool: string, args?: object, options?: CallOptions) => Promise<Answer>;
  close: () => Promise<void>;
}

/** The facts of an answer. The reply is only in the text, which begins with it. */
export function answerOf({ content, _meta, isError = false }: CallToolResult): Answer {
  const [block] = content;
  const text = block?.type === 'text' ? block.text : '';
  const facts = _meta?.['continuity/answer'] as Answer['content'];
  const { shown } = facts;
  return { text, isError, content: { ...facts, ...(shown && { reply: text.slice(0, shown.to - shown.from) }) } };
}

/** With `elicits`, the client announces that it can ask its person. */
export async function mcpClientIn(
  { cwd, env }: Surroundings,
  words: string[] = [],
  elicits?: Elicits,
): Promise<McpClient> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [CONTINUITY, 'mcp', ...words],
    cwd,
    env: { PATH: process.env.PATH ?? '', HOME: cwd, ...env },
    stderr: 'ignore',
  });
  const client = new Client({ name: 'test', version: '0' }, elicits && { capabilities: { elicitation: { form: {} } } });
  if (elicits) client.setRequestHandler('elicitation/create', ({ params }) => elicits(params));
  await client.connect(transport);
  return {
    client,
    pid: transport.pid ?? 0,
    async call(tool, args = {}, options = {}) {
      return answerOf(await client.callTool({ name: tool, arguments: { ...args } }, options));
    },
    close: () => client.close(),
  };
}
