/**
 * The scripted model in OpenAI's Responses API. The script is the same as for chat completions, and
 * reads the items of Codex.
 */
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { INTERRUPTED, piecesOf, tokensOf, type ChatMessage, type Step } from './script.js';

export interface ResponsesRequest {
  model: string;
  instructions?: string;
  input: Item[];
  tools?: { name?: string }[];
}

interface Item {
  type?: string;
  role?: ChatMessage['role'];
  content?: { type: string; text?: string }[] | string;
  call_id?: string;
  output?: unknown;
}

/**
 * Texts that Codex 0.169.0 adds between prompts with the role of the user: the surroundings, a
 * project's instructions, and a note that a turn was stopped.
 */
const BY_CODEX =
  /^\s*(<(environment_context|user_instructions|turn_aborted|permissions|skills|INSTRUCTIONS)|# AGENTS\.md|Warning:)/;

/** How OpenAI names what cuts an answer off, by the name that a script has for it. */
const INCOMPLETE: Partial<Record<string, string>> = { length: 'max_output_tokens', content_filter: 'content_filter' };

/** Converts the conversation into the form of chat completions. */
export function conversationOf({ input, instructions = '' }: ResponsesRequest): ChatMessage[] {
  return [{ role: 'system', content: instructions }, ...input.flatMap(messageOf)];
}

function messageOf({ type = 'message', role = 'user', content = '', call_id = '', output }: Item): ChatMessage[] {
  if (type === 'function_call') return [{ role: 'assistant', tool_calls: [{ id: call_id }] }];
  if (type === 'function_call_output') return [{ role: 'tool', tool_call_id: call_id, content: outputOf(output) }];
  if (type !== 'message') return [];
  const text = typeof content === 'string' ? content : content.map((part) => part.text ?? '').join('\n');
  return role === 'user' && BY_CODEX.test(text) ? [] : [{ role, content: text }];
}

/** The output of a call that was cut off is `aborted`. */
function outputOf(output: unknown): string {
  const text = typeof output === 'string' ? output : JSON.stringify(output);
  return /^"?aborted/.test(text) ? INTERRUPTED : text;
}

export async function answerResponses(
  response: ServerResponse,
  request: ResponsesRequest,
  step: Step,
  call: number,
  gone: AbortSignal,
): Promise<number> {
  const send = beginEvents(response, `resp_${call}`);
  const id = `msg_${call}`;
  if (step.text) {
    send('response.output_item.added', {
      output_index: 0,
      item: { type: 'message', role: 'assistant', id, content: [] },
    });
    const pieces = piecesOf(step.text);
    for (const delta of pieces) {
      if (step.streamMs) await sleep(step.streamMs / pieces.length, undefined, { signal: gone });
      send('response.output_text.delta', { item_id: id, output_index: 0, content_index: 0, delta });
    }
    send('response.output_item.done', {
      output_index: 0,
      item: { type: 'message', role: 'assistant', id, content: [{ type: 'output_text', text: step.text }] },
    });
  }
  if (step.call) send('response.output_item.done', { output_index: 1, item: callOf(step.call, request, call) });
  const usage = usageOf(request, step);
  const reason = INCOMPLETE[step.finish];
  if (reason)
    send('response.incomplete', {
      response: { id: `resp_${call}`, incomplete_details: { reason }, usage },
    });
  else send('response.completed', { response: { id: `resp_${call}`, output: [], usage } });
  response.end();
  return usage.total_tokens;
}

/** A failure that OpenAI reports within a stream that started well. */
export function failResponses(response: ServerResponse, code: string, message: string): void {
  const send = beginEvents(response, 'resp_failed');
  send('response.failed', { response: { id: 'resp_failed', status: 'failed', error: { code, message } } });
  response.end();
}

function beginEvents(response: ServerResponse, id: string) {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (type: string, event: object) =>
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...event })}\n\n`);
  send('response.created', { response: { id } });
  return send;
}

function usageOf({ input }: ResponsesRequest, step: Step) {
  const input_tokens = tokensOf(JSON.stringify(input).length);
  const output_tokens = tokensOf((step.text + JSON.stringify(step.call ?? '')).length);
  return {
    input_tokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input_tokens + output_tokens,
  };
}

/** Codex 0.169.0 offers one of two tools for commands, depending on the model. */
function callOf({ name, arguments: given }: NonNullable<Step['call']>, { tools = [] }: ResponsesRequest, call: number) {
  const { command } = given as { command?: string };
  const isOffered = (tool: string) => tools.some((one) => one.name === tool);
  const [tool, args] =
    name !== 'bash'
      ? [name, given]
      : isOffered('exec_command')
        ? ['exec_command', { cmd: command, yield_time_ms: 30_000 }]
        : ['shell_command', { command }];
  // A tool of an MCP server is in a namespace, e.g. `mcp__docs/search`.
  const [, namespace, inNamespace] = /^(.+)\/(.+)$/.exec(tool) ?? [];
  return {
    type: 'function_call',
    id: `fc_${call}`,
    call_id: `call_${call}`,
    name: inNamespace ?? tool,
    ...(namespace !== undefined && { namespace }),
    arguments: JSON.stringify(args),
  };
}
