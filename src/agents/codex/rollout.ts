/**
 * Reads the rollout file of a thread as turns. Pure. Codex appends one JSON record a line
 * (0.169.0). A kill can leave a torn line, to which the next process appends. So lines that are not
 * a record are skipped.
 *
 * A turn of Codex is not a turn of ours: continuing a prompt starts another turn of Codex, without
 * input.
 */
import * as z from 'zod';
import { defined } from '../../contract/defined.js';
import { INSTRUCTIONS_KIND } from './instructions.js';

const text = z.string().optional().catch(undefined);
const count = z.number().catch(0);
const Window = z.object({ used_percent: count, resets_at: z.number().optional().catch(undefined) });
const window = Window.nullish().catch(undefined);
const contents = z.array(z.object({ text })).catch([]);

const Tokens = z.object({
  input_tokens: count,
  cached_input_tokens: count,
  cache_write_input_tokens: count,
  output_tokens: count,
  reasoning_output_tokens: count,
  total_tokens: count,
});
export type Tokens = z.infer<typeof Tokens>;
const tokens = Tokens.optional().catch(undefined);

/** The fields of a record that are read here. A field with an unexpected type counts as absent. */
const Payload = z.object({
  ...{ type: text, turn_id: text, id: text, role: text, model: text, message: text, client_id: text, reason: text },
  ...{ name: text, call_id: text, arguments: text, input: text, output: z.unknown().optional() },
  content: contents,
  internal_chat_message_metadata_passthrough: z
    .object({ turn_id: text, content_item_kinds: z.array(z.string()).catch([]) })
    .optional()
    .catch(undefined),
  item: z
    .object({
      type: text,
      id: text,
      client_id: text,
      phase: text,
      status: text,
      aggregated_output: text,
      content: contents,
    })
    .optional()
    .catch(undefined),
  error: z.object({ message: text, codex_error_info: z.unknown().optional() }).optional().catch(undefined),
  rate_limits: z.object({ primary: window, secondary: window }).nullish().catch(undefined),
  ...{ usage: tokens, turn_token_usage: tokens, thread_token_usage: tokens },
});
type Payload = z.infer<typeof Payload>;
const Line = z.object({ timestamp: z.string().catch(''), type: z.string(), payload: Payload });

/** What a person, or we, put in. */
export interface Input {
  type: 'input';
  text: string;
  at: string;
  /** Whether the record with its id is stored. It follows some milliseconds after the text. */
  recorded: boolean;
  /** The id from the client. Absent if the client gave none. */
  id?: string;
}

export type Entry =
  | Input
  /**
   * `announced`: Codex had reported the text as a message of the agent. It does not report the
   * summary of a compaction.
   */
  | { type: 'said'; id?: string; text: string; at: string; announced: boolean; isFinal: boolean }
  | { type: 'called'; call: string; tool: string; input: string; at: string }
  | { type: 'answered'; call: string; output: string; status?: string }
  /**
   * The model has answered once more. `turn`: the tokens of this turn of Codex so far. `total`: the
   * tokens of the thread so far, which name the step.
   */
  | { type: 'counted'; turn: Tokens; last: Tokens; total: number; at: string };

export interface CodexTurn {
  id: string;
  model?: string;
  entries: Entry[];
  end?: { how: 'completed' | 'aborted' } | { how: 'failed'; message: string; info: unknown; at: string };
  /** How often the conversation was compacted. */
  compactions?: number;
  /** When the limits that the account has used up are reset. Seconds since 1970. */
  resetsAt?: number;
}

export interface Rollout {
  turns: CodexTurn[];
  /** The number of records. */
  records: number;
  /** The last instructions of ours that the model was sent and still has. */
  told?: string;
}

export function parseRollout(content: string): Rollout {
  const reader = new RolloutReader();
  for (const line of content.split('\n')) if (line !== '') reader.line(line);
  return reader.rollout();
}

/** Takes the lines of a rollout one by one. */
export class RolloutReader {
  readonly turns: CodexTurn[] = [];
  records = 0;
  told: string | undefined;
  /** By turn: what Codex reported as messages of the agent, before it stored them for the model. */
  readonly #announced = new Map<CodexTurn, { id?: string; text: string; isFinal: boolean }[]>();

  /** Of an older turn, only that it had inputs is kept. */
  forget(turn: CodexTurn): void {
    turn.entries = turn.entries.flatMap((entry) => (entry.type === 'input' ? [{ ...entry, text: '' }] : []));
    this.#announced.delete(turn);
  }

  /** Of the lines so far. */
  rollout(): Rollout {
    return { turns: [...this.turns], records: this.records, ...defined({ told: this.told }) };
  }

  line(line: string): void {
    const record = recordIn(line);
    if (!record) return;
    this.records++;
    const { type, payload, timestamp } = record;
    if (type === 'response_item') this.#item(payload, timestamp);
    else if (type === 'event_msg') this.#event(payload, timestamp);
    else if (type === 'token_usage_record') this.#usage(payload, timestamp);
    else if (type === 'compacted') this.#compacted();
    else if (type === 'turn_context' && payload.model !== undefined) this.#turn(payload.turn_id).model = payload.model;
  }

  #compacted(): void {
    this.told = undefined; // The summary replaces them.
    const turn = this.turns.at(-1);
    if (turn) turn.compactions = (turn.compactions ?? 0) + 1;
  }

  /** The turn of this id. Without an id, the last turn. */
  #turn(id: string | undefined): CodexTurn {
    const found = id === undefined ? this.turns.at(-1) : this.turns.findLast((turn) => turn.id === id);
    if (found) return found;
    const turn = { id: id ?? '', entries: [] };
    this.turns.push(turn);
    return turn;
  }

  #event(payload: Payload, at: string): void {
    const turn = () => this.#turn(payload.turn_id);
    if (payload.type === 'task_started') turn();
    else if (payload.type === 'task_complete') turn().end = endOf(payload, at);
    else if (payload.type === 'token_count') noteLimits(turn(), payload);
    else if (payload.type === 'turn_aborted') turn().end = { how: 'aborted' };
    else if (payload.type === 'user_message')
      recordInput(turn(), payload.message ?? '', payload.client_id, at); // Threads in the older format.
    else if (payload.type === 'item_completed') this.#completed(payload, turn(), at);
  }

  #completed({ item }: Payload, turn: CodexTurn, at: string): void {
    if (item?.type === 'UserMessage') recordInput(turn, textIn(item.content), item.client_id, at);
    if (item?.type === 'AgentMessage') {
      const announced = this.#announced.get(turn) ?? [];
      announced.push({
        ...defined({ id: item.id }),
        text: textIn(item.content),
        isFinal: item.phase === 'final_answer',
      });
      this.#announced.set(turn, announced);
    }
    if (item?.type === 'CommandExecution' && item.id !== undefined && item.status !== undefined) {
      turn.entries.push({ type: 'answered', call: item.id, output: item.aggregated_output ?? '', status: item.status });
    }
  }

  #item(payload: Payload, at: string): void {
    const about = payload.internal_chat_message_metadata_passthrough;
    const turn = this.#turn(about?.turn_id ?? payload.turn_id);
    const { type = '', call_id: call = payload.id ?? '' } = payload;
    if (type === 'message') this.#message(payload, turn, about?.content_item_kinds ?? [], at);
    else if (type.endsWith('_call_output')) addAnswer(turn, call, payload.output);
    else if (type.endsWith('_call'))
      turn.entries.push({
        type: 'called',
        call,
        tool: payload.name ?? type,
        input: payload.arguments ?? payload.input ?? '',
        at,
      });
  }

  #message({ id, role, content }: Payload, turn: CodexTurn, kinds: string[], at: string): void {
    const said = textIn(content);
    if (role === 'user' && kinds.some((kind) => kind.startsWith('user.')))
      turn.entries.push({ type: 'input', text: said, at, recorded: false });
    if (role === 'developer' && kinds.includes(INSTRUCTIONS_KIND)) this.told = said;
    if (role !== 'assistant') return;
    const announced = this.#announced
      .get(turn)
      ?.find((one) => (id !== undefined && one.id === id) || one.text === said);
    turn.entries.push({
      type: 'said',
      ...defined({ id }),
      text: said,
      at,
      announced: announced !== undefined,
      isFinal: announced?.isFinal ?? false,
    });
  }

  #usage({ turn_id, usage, turn_token_usage: turn, thread_token_usage: thread }: Payload, at: string): void {
    if (usage && turn && thread)
      this.#turn(turn_id).entries.push({ type: 'counted', turn, last: usage, total: thread.total_tokens, at });
  }
}

function recordIn(line: string) {
  try {
    return Line.parse(JSON.parse(line));
  } catch {
    return undefined; // SyntaxError, ZodError: a torn line.
  }
}

/** Gives the input its id. The input's text may be missing, because its line can be torn. */
function recordInput(turn: CodexTurn, said: string, id: string | undefined, at: string): void {
  const waiting = turn.entries.find((entry) => entry.type === 'input' && !entry.recorded && entry.text === said);
  const recorded = { recorded: true, ...defined({ id }) };
  if (waiting) Object.assign(waiting, recorded);
  else turn.entries.push({ type: 'input', text: said, at, ...recorded });
}

/** A command's answer may have been added before, with its status. */
function addAnswer(turn: CodexTurn, call: string, output: unknown): void {
  if (turn.entries.some((entry) => entry.type === 'answered' && entry.call === call)) return;
  turn.entries.push({ type: 'answered', call, output: typeof output === 'string' ? output : jsonOf(output) });
}

function jsonOf(output: unknown): string {
  try {
    return JSON.stringify(output ?? '');
  } catch {
    return ''; // RangeError: JSON.parse takes what is nested deeper than JSON.stringify does.
  }
}

function endOf({ error }: Payload, at: string): NonNullable<CodexTurn['end']> {
  if (!error) return { how: 'completed' };
  return { how: 'failed', message: error.message ?? '', info: error.codex_error_info, at };
}

/** Each answer of the provider replaces what is known. If two limits are used up, the later reset counts. */
function noteLimits(turn: CodexTurn, { rate_limits }: Payload): void {
  const resets = [rate_limits?.primary, rate_limits?.secondary].flatMap((one) =>
    one && one.used_percent >= 100 && one.resets_at !== undefined ? [one.resets_at] : [],
  );
  if (resets.length > 0) turn.resetsAt = Math.max(...resets);
  else delete turn.resetsAt;
}

const textIn = (content: { text?: string | undefined }[]) => content.map((part) => part.text ?? '').join('');
