/** The scripted model in Anthropic's Messages API, streaming or not, with the same script. */
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { piecesOf, tokensOf, type ChatMessage, type Step } from './script.js';

interface Block {
  type: string;
  text?: string;
  tool_use_id?: string;
  content?: string | Block[];
  id?: string;
}

export interface MessagesRequest {
  model: string;
  system?: string | Block[];
  messages: { role: 'user' | 'assistant' | 'system'; content: string | Block[] }[];
  stream?: boolean;
  tools?: { name: string }[];
}

/** Texts that Claude Code 2.1.331 adds to the conversation. No caller sent them. */
const BY_THE_AGENT = [
  /^$/,
  /^Continue from where you left off\.$/,
  /^\[Request interrupted by user/,
  /^\[Your previous response had no visible output/,
];
/**
 * The text that replaces the result of a tool that was cut off. The tool has to be called again.
 */
const CUT_OFF = /\[Tool call interrupted:|\[Request interrupted|tool use was interrupted/i;

/** Converts the conversation into the form that the script reads. */
export function chatOf({ system, messages }: MessagesRequest): ChatMessage[] {
  return [
    { role: 'system', content: textOf(system) },
    ...messages.flatMap(({ role, content }) =>
      role !== 'user' ? [{ role, content: textOf(content) }] : asked(content),
    ),
  ];
}

const withoutReminders = (text: string) => text.replace(/<system-reminder>[^]*?<\/system-reminder>/g, '').trim();

function asked(content: string | Block[]): ChatMessage[] {
  const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  const results = blocks.filter(({ type, content: result }) => type === 'tool_result' && !CUT_OFF.test(textOf(result)));
  const texts = blocks.flatMap(({ type, text = '' }) =>
    type === 'text' && !BY_THE_AGENT.some((own) => own.test(withoutReminders(text))) ? [text] : [],
  );
  return [
    ...results.map((result): ChatMessage => ({
      role: 'tool',
      content: textOf(result.content),
      tool_call_id: result.tool_use_id ?? '',
    })),
    ...texts.map((text): ChatMessage => ({ role: 'user', content: text })),
  ];
}

function textOf(content: string | Block[] | undefined): string {
  if (typeof content === 'string') return content;
  return (content ?? []).flatMap(({ type, text }) => (type === 'text' ? [text ?? ''] : [])).join('\n');
}

const TOOLS: Partial<Record<string, string>> = {
  bash: 'Bash',
  task: 'Agent',
  continuity_delegate_task: 'mcp__continuity__delegate_task',
};
const REASONS: Partial<Record<string, string>> = {
  stop: 'end_turn',
  tool_calls: 'tool_use',
  length: 'max_tokens',
  content_filter: 'refusal',
};

export async function answerMessages(
  response: ServerResponse,
  request: MessagesRequest,
  step: Step,
  call: number,
  gone: AbortSignal,
): Promise<number> {
  const input_tokens = tokensOf(JSON.stringify(request.messages).length);
  const usage = {
    input_tokens,
    output_tokens: tokensOf((step.text + JSON.stringify(step.call ?? '')).length),
    cache_read_input_tokens: 0,
    cache_creation_input_tokens: 0,
  };
  const used = usage.input_tokens + usage.output_tokens;
  const use = step.call && {
    type: 'tool_use',
    id: `toolu_scripted${call}`,
    name: TOOLS[step.call.name] ?? step.call.name,
    input: argumentsOf(step.call),
  };
  const stop_reason = REASONS[step.finish] ?? step.finish;
  const message = {
    id: `msg_scripted${call}`,
    type: 'message',
    role: 'assistant',
    model: request.model,
    stop_sequence: null,
  };
  if (!request.stream) {
    const content = [...(step.text ? [{ type: 'text', text: step.text }] : []), ...(use ? [use] : [])];
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ ...message, content, stop_reason, usage }));
    return used;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (event: { type: string; [key: string]: unknown }) =>
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  send({
    type: 'message_start',
    message: { ...message, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } },
  });
  let index = 0;
  if (step.text) {
    send({ type: 'content_block_start', index, content_block: { type: 'text', text: '' } });
    const pieces = piecesOf(step.text);
    for (const text of pieces) {
      if (step.streamMs) await sleep(step.streamMs / pieces.length, undefined, { signal: gone });
      send({ type: 'content_block_delta', index, delta: { type: 'text_delta', text } });
    }
    send({ type: 'content_block_stop', index: index++ });
  }
  if (use) {
    send({ type: 'content_block_start', index, content_block: { ...use, input: {} } });
    send({
      type: 'content_block_delta',
      index,
      delta: { type: 'input_json_delta', partial_json: JSON.stringify(use.input) },
    });
    send({ type: 'content_block_stop', index });
  }
  send({ type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage });
  send({ type: 'message_stop' });
  response.end();
  return used;
}

function argumentsOf({ name, arguments: given }: NonNullable<Step['call']>): object {
  return name === 'task' ? { ...given, subagent_type: 'general-purpose' } : given;
}

const TYPES: Partial<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  500: 'api_error',
  529: 'overloaded_error',
};

export function messagesError(status: number, message: string): object {
  return { type: 'error', error: { type: TYPES[status] ?? 'api_error', message } };
}
