/**
 * A model provider that answers from a script: an HTTP server with OpenAI's chat completions,
 * OpenAI's Responses and Anthropic's Messages. `script.ts` decides the answers. `GET /requests`
 * lists the recorded requests. To run it as a process: `tsx scripted/model.ts --port 4711`
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { asideStep, asksIn, nextStep, textOf, tokensOf, type ChatMessage, type Refusal, type Step } from './script.js';
import { answerCompletions, send } from './completions.js';
import { answerMessages, chatOf, messagesError, type MessagesRequest } from './messages.js';
import { answerResponses, conversationOf, failResponses, type ResponsesRequest } from './responses.js';

export interface RecordedRequest {
  /** All user messages of the conversation, oldest first. */
  asks: string[];
  system: string;
  model: string;
  /**
   * Whether the agent asked for itself (a title, a summary) and not for a turn. Such a request
   * offers no tools.
   */
  aside: boolean;
  messages: number;
  /** What was sent, where the model keeps it. */
  body?: string;
  /** What the answer said that the request used, in and out. Absent: it was not answered whole. */
  tokens?: number;
}

/** `calls`: its answer, a tool call, was sent whole. `answered`: so was one that is no call. */
export type ModelMoment = 'asked' | 'streams' | 'calls' | 'answered';

export interface ScriptedModel {
  /** The base URL for a provider's configuration. It ends in `/v1`. */
  url: string;
  requests(): RecordedRequest[];
  /** Calls back at each moment of a turn, not of an aside. @returns a function that ends it */
  listen(on: (moment: ModelMoment) => void): () => void;
  close(): Promise<void>;
}

interface ChatRequest {
  model: string;
  messages: ChatMessage[];
  stream?: boolean;
  tools?: unknown[];
}

type Request = ChatRequest & MessagesRequest & ResponsesRequest;

/** The differences between the three APIs. */
interface Wire {
  chat(asked: Request): ChatMessage[];
  error(status: number, message: string, code: string | null): object;
  tooLong(response: ServerResponse): void;
  /** As a provider that does not have the model. */
  missing(response: ServerResponse, model: string): void;
  /** As a provider whose limit for the model is used up for hours. */
  spent(response: ServerResponse, model: string): void;
  /** @returns the tokens that it says were used */
  answer(response: ServerResponse, asked: Request, step: Step, call: number, gone: AbortSignal): Promise<number>;
}

const PIECES_BEFORE_A_CUT = 4;
const FULL = 'context_length_exceeded';

const openAiError: Wire['error'] = (_status, message, code) => ({ error: { message, type: 'scripted', code } });
const HOURS_S = 3 * 60 * 60;
const inHours = () => String(Math.floor(Date.now() / 1000) + HOURS_S);
const COMPLETIONS: Wire = {
  chat: ({ messages }) => messages,
  error: openAiError,
  tooLong: (response) =>
    send(response, 400, openAiError(400, "This model's maximum context length is 1000 tokens.", FULL)),
  missing: (response, model) =>
    send(response, 404, openAiError(404, `The model \`${model}\` does not exist.`, 'model_not_found')),
  spent(response, model) {
    response.setHeader('retry-after', String(HOURS_S));
    send(
      response,
      429,
      openAiError(429, `Rate limit reached for ${model} on tokens per day (TPD).`, 'rate_limit_exceeded'),
    );
  },
  answer: answerCompletions,
};
const MESSAGES: Wire = {
  chat: chatOf,
  error: messagesError,
  tooLong: (response) => send(response, 400, messagesError(400, 'prompt is too long: 210000 tokens > 200000 maximum')),
  missing: (response, model) => send(response, 404, messagesError(404, `model: ${model}`)),
  spent(response, model) {
    response.setHeader('x-should-retry', 'false');
    response.setHeader('anthropic-ratelimit-unified-status', 'rejected');
    response.setHeader('anthropic-ratelimit-unified-reset', inHours());
    response.setHeader('anthropic-ratelimit-unified-representative-claim', 'seven_day_opus');
    send(response, 429, messagesError(429, `This request would exceed the limit of ${model}.`));
  },
  answer: answerMessages,
};
const RESPONSES: Wire = {
  chat: conversationOf,
  error: openAiError,
  tooLong: (response) => failResponses(response, FULL, "This model's maximum context length is 1000 tokens."),
  missing: (response, model) =>
    send(response, 400, openAiError(400, `The requested model '${model}' does not exist.`, 'model_not_found')),
  spent(response) {
    response.setHeader('x-codex-primary-used-percent', '100');
    response.setHeader('x-codex-primary-window-minutes', '300');
    response.setHeader('x-codex-primary-reset-at', inHours());
    const error = { type: 'usage_limit_reached', message: 'Limit', plan_type: 'plus', resets_at: Number(inHours()) };
    send(response, 429, { error });
  },
  answer: answerResponses,
};

function wireOf({ url = '' }: IncomingMessage): Wire {
  if (url.includes('/messages')) return MESSAGES;
  return url.endsWith('/responses') ? RESPONSES : COMPLETIONS;
}

/** The answer of a provider that refuses. */
export type RefusedAnswer = Pick<Refusal, 'code' | 'headers' | 'body'>;

export interface ModelOptions {
  port?: number;
  /** Directives that are added to the last prompt of a conversation. `asks`: all of its prompts. */
  direct?: (messages: ChatMessage[], asks: string[]) => string;
  /** What every request is answered now. `undefined`: as its script says. */
  refuses?: () => RefusedAnswer | undefined;
  /** Keep each request's body. */
  keep?: boolean;
}

export async function startScriptedModel(options: ModelOptions = {}): Promise<ScriptedModel> {
  const recorded: RecordedRequest[] = [];
  const listeners = new Set<(moment: ModelMoment) => void>();
  const failures = new Map<string, number>();
  let calls = 0;

  async function complete(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const wire = wireOf(request);
    const body = await text(request);
    const asked = JSON.parse(body) as Request;
    if (request.url?.includes('/count_tokens'))
      return send(response, 200, { input_tokens: tokensOf(JSON.stringify(asked).length) });
    const chat: ChatRequest = { ...asked, messages: wire.chat(asked) };
    const fail = (status: number, message: string, code: string | null = null) =>
      send(response, status, wire.error(status, message, code));
    const aside = !chat.tools?.length;
    const asks = asksIn(chat.messages);
    const system = chat.messages
      .filter(({ role }) => role === 'system' || role === 'developer')
      .map(textOf)
      .join('\n');
    const record: RecordedRequest = {
      ...{ asks, system, model: chat.model, aside, messages: chat.messages.length },
      ...(options.keep && { body }),
    };
    recorded.push(record);
    const at = (moment: ModelMoment) => {
      if (!aside) for (const listener of listeners) listener(moment);
    };
    const refuse = ({ code, headers, body }: RefusedAnswer, message: string) => {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      if (body === undefined) return fail(code, message);
      response.writeHead(code, { 'content-type': 'application/json' }).end(body);
    };
    at('asked');
    const refused = options.refuses?.();
    if (refused) return refuse(refused, `scripted failure ${refused.code}`);
    const step = aside
      ? asideStep(chat.messages)
      : nextStep(directed(chat.messages, options.direct?.(chat.messages, asks)));

    const gone = new AbortController();
    response.once('close', () => gone.abort());
    if (step.hang) return;
    if (step.slowMs) await sleep(step.slowMs, undefined, { signal: gone.signal });
    const failed = failures.get(asks.at(-1) ?? '') ?? 0;
    if (step.status || step.overflow.times || step.cuts) failures.set(asks.at(-1) ?? '', failed + 1);
    if (step.refusal !== undefined) return fail(400, step.refusal);
    if (step.login !== undefined && keyIn(request) !== step.login) return fail(401, 'This key is not valid.');
    if (step.gone === chat.model) return wire.missing(response, chat.model);
    if (step.spent === chat.model) return wire.spent(response, chat.model);
    if (step.status && failed < step.status.times)
      return refuse(step.status, `scripted failure ${step.status.code}${'!'.repeat(step.status.longer)}`);
    if (failed < step.overflow.times) return wire.tooLong(response);
    if (failed < step.cuts) breakAfter(response, PIECES_BEFORE_A_CUT);
    if (step.streamMs) at('streams');
    record.tokens = await wire.answer(response, asked, step, ++calls, gone.signal);
    at(step.call ? 'calls' : 'answered');
  }

  const server = createServer((request, response) => {
    if (request.method === 'GET' && request.url === '/requests') return send(response, 200, recorded);
    if (request.method === 'GET')
      return send(response, 200, { object: 'list', data: [{ id: 'model', object: 'model' }] });
    complete(request, response).catch((error: unknown) => {
      if (!response.closed && !response.headersSent) send(response, 500, { error: { message: String(error) } });
    });
  });
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve),
  );
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The scripted model has no port.');

  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    requests: () => [...recorded],
    listen(on) {
      listeners.add(on);
      return () => void listeners.delete(on);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The rest of the answer is not sent. */
function breakAfter(response: ServerResponse, pieces: number): void {
  const write = response.write.bind(response) as (piece: string) => boolean;
  let left = pieces;
  response.write = (piece: string) => (left-- > 0 ? write(piece) : (response.destroy(), false));
  response.end = () => response.destroy();
}

function keyIn({ headers }: IncomingMessage): string | undefined {
  const key = headers['x-api-key'];
  return typeof key === 'string' ? key : headers.authorization?.replace(/^Bearer /, '');
}

function directed(messages: ChatMessage[], directives = ''): ChatMessage[] {
  if (directives === '') return messages;
  const last = messages.findLastIndex(({ role }) => role === 'user');
  const added = (message: ChatMessage) => ({ ...message, content: `${textOf(message)}\n${directives}` });
  return messages.map((message, index) => (index === last ? added(message) : message));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { port: { type: 'string' } } });
  const model = await startScriptedModel(values.port ? { port: Number(values.port) } : {});
  process.stdout.write(`${model.url}\n`);
}
