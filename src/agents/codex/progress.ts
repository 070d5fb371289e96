/** Translates Codex's notices about one thread to signals. */
import * as z from 'zod';
import { defined } from '../../contract/defined.js';
import { failure } from '../../contract/failures.js';
import type { SessionId } from '../../contract/ids.js';
import type { AgentSignal, PromptKey } from '../driver.js';
import { COMPACTS } from '../shared/compactions.js';
import type { HeldRequest } from './answers.js';
import type { Notice } from './connection.js';
import { askedAgain } from '../shared/asked-again.js';
import { failureOf } from './failures.js';
import { FORMS } from './forms.js';
import type { CodexTurn } from './rollout.js';
import { stepOfCall } from './tools.js';
import { usageFrom } from './usage.js';

/** How many characters of the text so far are kept. */
const TAIL = 400;

const text = z.string().optional().catch(undefined);
const Item = z.object({
  type: z.string(),
  id: z.string().catch(''),
  text,
  command: text,
  query: text,
  server: text,
  tool: text,
  clientId: text,
  commandActions: z.array(z.object({ command: text })).catch([]),
  changes: z.array(z.object({ path: text })).catch([]),
});
const count = z.number().catch(0);
const Counted = z.object({
  total: z.object({ totalTokens: count }),
  last: z.object({
    totalTokens: count,
    inputTokens: count,
    cachedInputTokens: count,
    cacheWriteInputTokens: count,
    outputTokens: count,
    reasoningOutputTokens: count,
  }),
});
const Params = z.object({
  threadId: text,
  item: Item.optional().catch(undefined),
  delta: text,
  command: text,
  reason: text,
  requestId: z.unknown().optional(),
  tokenUsage: Counted.optional().catch(undefined),
  error: z
    .object({ message: z.string(), codexErrorInfo: z.unknown().optional(), additionalDetails: text })
    .optional()
    .catch(undefined),
  willRetry: z.boolean().catch(false),
});
type Params = z.infer<typeof Params>;

export class Following {
  #text = '';
  /** By id: what the turn waits for. */
  readonly #asked = new Map<unknown, string>();

  constructor(
    readonly session: SessionId,
    readonly key: PromptKey,
    private readonly on: (signal: AgentSignal) => void,
  ) {}

  notice(notice: Notice | undefined): void {
    if (!notice) {
      this.#asked.clear();
      return this.on({ type: 'moved' }); // The connection broke.
    }
    const params = Params.safeParse(notice.params).data;
    if (params?.threadId !== this.session) return;
    const { method, request } = notice;
    if (request === 'refused')
      return this.on({ type: 'did', step: `was refused: ${stepOfCall(method, { command: params.command })}` });
    if (request) this.#asked.set(request.id, wordsOf(request, params));
    else if (method === 'serverRequest/resolved') this.#asked.delete(params.requestId);
    else return this.#about(method, params);
    this.on({ type: 'blocked', ...defined({ on: [...this.#asked.values()][0] }) });
  }

  #about(method: string, params: Params): void {
    if (method.startsWith('item/')) this.on({ type: 'worked' });
    switch (method) {
      case 'turn/started':
      case 'turn/completed':
      case 'thread/status/changed':
      case 'thread/closed':
      case 'thread/deleted':
        return this.on({ type: 'moved' });
      case 'item/started':
        return this.#begun(params.item);
      case 'item/completed':
        // The input is stored now. It was not when the thread became active.
        return params.item?.type === 'userMessage' ? this.on({ type: 'prompted' }) : undefined;
      case 'item/agentMessage/delta':
        return this.#say(this.#text + (params.delta ?? ''));
      case 'thread/tokenUsage/updated':
        return this.#used(params.tokenUsage);
      case 'error':
        return this.#error(params);
      default:
        return; // Notices about other things than turns.
    }
  }

  #begun(item: Params['item']): void {
    if (!item || item.type === 'userMessage') return;
    this.on({ type: 'refused' });
    if (item.type === 'agentMessage') this.#text = '';
    const step = item.type === 'reasoning' ? 'thinks' : stepOf(item);
    if (step !== undefined) this.on({ type: 'did', step });
  }

  #say(said: string): void {
    this.#text = said.slice(-TAIL);
    this.on({ type: 'did', text: this.#text });
  }

  /** The number of the thread's tokens so far names the step, here and in the rollout. */
  #used(counted: Params['tokenUsage']): void {
    if (!counted) return;
    const { last, total } = counted;
    const tokens = {
      input_tokens: last.inputTokens,
      cached_input_tokens: last.cachedInputTokens,
      cache_write_input_tokens: last.cacheWriteInputTokens,
      output_tokens: last.outputTokens,
      reasoning_output_tokens: last.reasoningOutputTokens,
      total_tokens: last.totalTokens,
    };
    this.on({ type: 'refused' });
    this.on({ type: 'used', step: String(total.totalTokens), usage: usageFrom(tokens) });
  }

  #error({ error, willRetry }: Params): void {
    if (!error) return;
    const { message, codexErrorInfo, additionalDetails } = error;
    const because = failureOf(additionalDetails ?? message, codexErrorInfo, this.session);
    if (!willRetry) return this.on({ type: 'broke_off', because });
    this.on({
      type: 'refused',
      because: because.code === 'MODEL_FAILED' ? failure('AGENT_RATE_LIMITED', because.message) : because,
    });
    this.on({ type: 'did', step: askedAgain(additionalDetails ? `${additionalDetails} (${message})` : message) });
  }
}

/** What a turn waits for, and why the model wants it. */
function wordsOf({ method, params }: HeldRequest, { reason }: Params): string {
  const { tool = 'Codex', text = '' } = FORMS[method]?.ask(params, undefined) ?? {};
  return `${tool}: ${text}${reason === undefined || text.includes(reason) ? '' : ` (${reason})`}`;
}

/** The signals of what the turn did before it was followed. */
export function doneIn(turns: readonly CodexTurn[]): AgentSignal[] {
  return turns.flatMap(({ entries }) =>
    entries.flatMap((entry): AgentSignal[] => {
      if (entry.type === 'said' && entry.announced) return [{ type: 'did', text: entry.text.slice(-TAIL) }];
      if (entry.type === 'called') return [{ type: 'did', step: stepOfCall(entry.tool, entry.input) }];
      if (entry.type === 'counted') return [{ type: 'used', step: String(entry.total), usage: usageFrom(entry.last) }];
      return [];
    }),
  );
}

function stepOf(item: NonNullable<Params['item']>): string | undefined {
  switch (item.type) {
    case 'commandExecution':
      return `bash: ${item.commandActions.map(({ command }) => command ?? '').join(' && ') || item.command}`;
    case 'fileChange':
      return `edit: ${item.changes.map(({ path }) => path ?? '').join(', ')}`;
    case 'mcpToolCall':
      return `${item.server}.${item.tool}`;
    case 'webSearch':
      return `search: ${item.query ?? ''}`;
    case 'contextCompaction':
      return COMPACTS;
    default:
      return undefined;
  }
}
