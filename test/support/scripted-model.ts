/**
 * A model provider with a script instead of a model: a real HTTP server that speaks OpenAI's chat completions, streaming
 * or not. What it answers is in `script.ts`. `GET /requests` tells what it was asked.
 * As a process of its own: `tsx test/support/scripted-model.ts --port 4711`
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { asideStep, asksIn, nextStep, textOf, type ChatMessage, type Step } from './script.js';

export interface RecordedRequest {
  /** All user messages of the conversation, oldest first. */
  asks: string[];
  system: string;
  model: string;
  /** Whether the agent asked for its own purposes (a title, a summary) and not for a turn: it offered no tools. */
  aside: boolean;
  messages: number;
}

export interface ScriptedModel {
  /** Base URL as providers are configured with, ending in `/v1`. */
  url: string;
  requests(): RecordedRequest[];
  close(): Promise<void>;
}

interface ChatRequest {
  model: string;
  messages: ChatMessage[];
  stream?: boolean;
  tools?: unknown[];
}

/** A longer text comes in bigger pieces than words. */
const BIG = 64 * 1024;

export async function startScriptedModel(options: { port?: number } = {}): Promise<ScriptedModel> {
  const recorded: RecordedRequest[] = [];
  const failures = new Map<string, number>();
  let calls = 0;

  async function complete(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chat = (await json(request)) as ChatRequest;
    const aside = !chat.tools?.length;
    const asks = asksIn(chat.messages);
    const system = chat.messages.filter(({ role }) => role === 'system' || role === 'developer').map(textOf).join('\n');
    recorded.push({ asks, system, model: chat.model, aside, messages: chat.messages.length });
    const step = aside ? asideStep(chat.messages) : nextStep(chat.messages);

    const gone = new AbortController();
    response.once('close', () => gone.abort());
    if (step.hang) return;
    if (step.slowMs) await sleep(step.slowMs, undefined, { signal: gone.signal });
    const failed = failures.get(asks.at(-1) ?? '') ?? 0;
    if (step.status || step.overflow.times) failures.set(asks.at(-1) ?? '', failed + 1);
    if (step.refusal !== undefined) return fail(response, 400, step.refusal);
    if (step.status && failed < step.status.times) {
      if (step.status.retryAfter !== undefined) response.setHeader('retry-after', step.status.retryAfter);
      return fail(response, step.status.code, `scripted failure ${step.status.code}${'!'.repeat(step.status.longer)}`);
    }
    if (failed < step.overflow.times) return fail(response, 400, "This model's maximum context length is 1000 tokens.", 'context_length_exceeded');
    await answer(response, chat, step, ++calls, gone.signal);
  }

  const server = createServer((request, response) => {
    if (request.method === 'GET' && request.url === '/requests') return send(response, 200, recorded);
    if (request.method === 'GET') return send(response, 200, { object: 'list', data: [{ id: 'model', object: 'model' }] });
    complete(request, response).catch((error: unknown) => {
      if (!response.closed && !response.headersSent) fail(response, 500, String(error));
    });
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The scripted model has no port.');

  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    requests: () => [...recorded],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Never so many that the agent would compact: a script says when a context is full. */
const tokensOf = (characters: number) => Math.min(Math.ceil(characters / 4), 50_000);

async function answer(response: ServerResponse, chat: ChatRequest, step: Step, call: number, gone: AbortSignal): Promise<void> {
  const tool_calls = step.call && [{ index: 0, id: `call_${call}`, type: 'function', function: { name: step.call.name, arguments: JSON.stringify(step.call.arguments) } }];
  const prompt_tokens = tokensOf(chat.messages.reduce((sum, message) => sum + textOf(message).length, 0));
  const completion_tokens = tokensOf((step.text + JSON.stringify(step.call ?? '')).length);
  const usage = { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
  const head = { id: `scripted-${call}`, created: 0, model: chat.model };
  if (!chat.stream) {
    const message = { role: 'assistant', content: step.text || null, ...(tool_calls && { tool_calls }) };
    return send(response, 200, { ...head, object: 'chat.completion', choices: [{ index: 0, message, finish_reason: step.finish }], usage });
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const chunk = (delta: object, finish_reason: string | null = null) =>
    response.write(`data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })}\n\n`);
  chunk({ role: 'assistant', content: '' });
  const words = step.text.match(step.text.length > BIG ? /[^]{1,4096}/g : /\S+\s*|\s+/g) ?? [];
  for (const word of words) {
    if (step.streamMs) await sleep(step.streamMs / words.length, undefined, { signal: gone });
    chunk({ content: word });
  }
  if (tool_calls) chunk({ tool_calls });
  chunk({}, step.finish);
  response.write(`data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [], usage })}\n\n`);
  response.end('data: [DONE]\n\n');
}

function fail(response: ServerResponse, status: number, message: string, code: string | null = null): void {
  send(response, status, { error: { message, type: 'scripted', code } });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { port: { type: 'string' } } });
  const model = await startScriptedModel(values.port ? { port: Number(values.port) } : {});
  process.stdout.write(`${model.url}\n`);
}
