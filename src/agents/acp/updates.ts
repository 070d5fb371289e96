/**
 * What an agent tells while it replays a session or works in it, as far as it is used: pure. Kinds
 * of updates that are not known are passed over.
 */
import * as z from 'zod';
import type { RunningTool } from '../agent.js';
import type { AgentSignal } from '../driver.js';
import type { LastRequest } from '../last-request.js';
import { replyOf, type Reply } from '../shared/reply.js';

const text = z.string().nullish();
const Content = z.looseObject({ type: z.string(), text: z.string().optional() });
const Tool = {
  toolCallId: z.string(),
  title: text,
  name: text,
  kind: text,
  status: text,
  rawInput: z.unknown().optional(),
  content: z
    .array(z.looseObject({ type: z.string(), content: Content.optional().catch(undefined) }))
    .nullish()
    .catch(undefined),
};

const Known = z.discriminatedUnion('sessionUpdate', [
  z.object({ sessionUpdate: z.literal('user_message_chunk'), content: Content, messageId: text }),
  z.object({ sessionUpdate: z.literal('agent_message_chunk'), content: Content, messageId: text }),
  z.object({ sessionUpdate: z.literal('agent_thought_chunk'), content: Content }),
  z.object({ sessionUpdate: z.literal('tool_call'), ...Tool }),
  z.object({ sessionUpdate: z.literal('tool_call_update'), ...Tool }),
  /** `used`: the tokens that the session holds now. */
  z.object({ sessionUpdate: z.literal('usage_update'), used: z.number() }),
]);
export type Update = z.infer<typeof Known>;
export type ToolUpdate = Extract<Update, { toolCallId: string }>;

const Notification = z.object({ sessionId: z.string(), update: z.unknown() });

/** `update` is absent where it is of no known kind. undefined: no notification of a session. */
export function updateIn(params: unknown): { sessionId: string; update?: Update } | undefined {
  const notified = Notification.safeParse(params);
  if (!notified.success) return undefined;
  const { sessionId, update } = notified.data;
  const known = Known.safeParse(update);
  return { sessionId, ...(known.success && { update: known.data }) };
}

const TAIL = 400;

/** What one turn says. */
export class Said {
  /** How many calls of tools there were. */
  tools = 0;
  /** How many updates there were. */
  updates = 0;
  /** The size of the session, as the agent has reported it last. */
  context: LastRequest | undefined;
  /** A call of a tool divides two of them. */
  #texts: string[] = [];
  /** The next text begins another message. */
  #broken = true;
  #message: string | undefined;
  /** The end of the last text. To cut it from the text each time would copy the whole text. */
  #tail = '';
  readonly #calls = new Map<string, ToolCall>();
  /** The ids of the calls that have not ended. */
  readonly #open = new Set<string>();

  /** What is known of a call, by the agent's id of it. */
  call(id: string): ToolCall | undefined {
    return this.#calls.get(id);
  }

  get reply(): string {
    return this.words.reply;
  }

  get words(): Reply {
    return replyOf(this.#texts.flatMap((text) => [{ text }, 'divided' as const]));
  }

  /** The tools that run. */
  get running(): RunningTool[] {
    return [...this.#open].map((id) => ({ id, step: stepOf(this.#calls.get(id) ?? { tool: UNKNOWN_TOOL }) }));
  }

  on(update: Update): AgentSignal[] {
    this.updates++;
    switch (update.sessionUpdate) {
      case 'user_message_chunk':
        return [];
      case 'usage_update':
        if (update.used > 0) this.context = { tokens: update.used, at: new Date().toISOString() };
        return [];
      case 'agent_thought_chunk':
        this.#open.clear();
        return [{ type: 'did', step: 'thinks' }];
      case 'agent_message_chunk':
        return this.#text(update.content.type === 'text' ? (update.content.text ?? '') : '', update.messageId);
      case 'tool_call':
      case 'tool_call_update':
        return this.#tool(update);
    }
  }

  #text(piece: string, message: string | null | undefined): AgentSignal[] {
    if (piece === '') return [];
    // The model goes on only once it has the results of its calls. Some agents do not report them.
    this.#open.clear();
    if (this.#broken) this.#begin();
    else if (message != null && this.#message !== undefined && message !== this.#message) this.#add('\n\n');
    this.#broken = false;
    this.#message = message ?? this.#message;
    this.#add(piece);
    return [{ type: 'did', text: this.#tail }];
  }

  #begin(): void {
    this.#texts.push('');
    this.#tail = '';
  }

  #add(piece: string): void {
    this.#texts[this.#texts.length - 1] += piece;
    this.#tail = (this.#tail + piece.slice(-TAIL)).slice(-TAIL);
  }

  #tool(update: ToolUpdate): AgentSignal[] {
    const before = this.#calls.get(update.toolCallId);
    if (!before) {
      this.tools++;
      this.#broken = true;
    }
    const call = toolCallOf(update, before);
    this.#calls.set(update.toolCallId, call);
    if (update.status === 'completed' || update.status === 'failed') this.#open.delete(update.toolCallId);
    else if (!before || update.status != null) this.#open.add(update.toolCallId);
    return before && stepOf(call) === stepOf(before) ? [] : [{ type: 'did', step: stepOf(call) }];
  }
}

const Input = z.record(z.string(), z.unknown());
const SUBJECTS = ['command', 'file_path', 'filePath', 'path', 'pattern', 'url', 'query'];

/** What a call is, as far as it is known: each update tells what has changed. */
export interface ToolCall {
  tool: string;
  /** What it works on. */
  subject?: string;
}

export const UNKNOWN_TOOL = 'a tool';

/**
 * Agents use `title` for the name of the tool, for what it works on, or for a sentence. So a first
 * title of one word is taken for a name.
 */
export function toolCallOf(
  { title, name, kind, rawInput }: Pick<ToolUpdate, 'title' | 'name' | 'kind' | 'rawInput'>,
  before?: ToolCall,
): ToolCall {
  const input = Input.safeParse(rawInput).data ?? {};
  const given = SUBJECTS.map((key) => input[key]).find((value) => typeof value === 'string');
  const isName = title != null && /^[\w.-]+$/.test(title);
  const tool = before?.tool ?? name ?? (isName ? title : undefined) ?? kind ?? UNKNOWN_TOOL;
  const subject = given ?? before?.subject ?? (title != null && title !== tool ? title : undefined);
  return { tool, ...(subject !== undefined && { subject }) };
}

/** e.g. `bash: npm test`. */
export const stepOf = ({ tool, subject }: ToolCall) => (subject === undefined ? tool : `${tool}: ${subject}`);
