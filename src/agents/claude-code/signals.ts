/** Translates the output of a working Claude Code to signals. Pure. */
import { defined } from '../../contract/defined.js';
import type { AgentSignal } from '../driver.js';
import { askedAgain } from '../shared/asked-again.js';
import { COMPACTS } from '../shared/compactions.js';
import { isoOf } from '../shared/usage-limits.js';
import { refusalOfProvider } from './failures.js';
import { blocksOf, isMessage, isSynthetic, textOf, type Block, type Row, type Tokens } from './rows.js';
import { answersIn, usageOf } from './usage.js';

/** How many characters of the text so far are kept. */
const TAIL = 400;

/** The fields of an output line that are used (2.1.331). */
export interface OutputLine {
  type?: string;
  subtype?: string;
  /** The call of the sub-agent that this line is about. */
  parent_tool_use_id?: string | null;
  message?: { id?: string; content?: string | Block[]; usage?: Tokens };
  /** What works in the background. */
  tasks?: unknown;
  /** Of a task in the background. */
  description?: unknown;
  /** Of a message that was put in. */
  state?: unknown;
  api_message_id?: string;
  event?: {
    type?: string;
    message?: { id?: string; usage?: Tokens };
    content_block?: { type?: string };
    delta?: { type?: string; text?: string };
    usage?: Tokens;
  };
  /** Of the agent, e.g. `compacting`. */
  status?: unknown;
  error?: unknown;
  error_status?: unknown;
  retry_delay_ms?: unknown;
}

/** The turn may now wait for its background. */
const LOOK: AgentSignal = { type: 'prompted' };

export class Signals {
  #message = '';
  #text = '';
  #isRefused = false;
  /** Whether anything works in the background. */
  #hasBackground = false;

  constructor(private readonly now: () => number = Date.now) {}

  /** The signals of one line. */
  of(line: OutputLine): AgentSignal[] {
    if (line.type === 'system') return this.#system(line);
    if (line.type === 'result') return [{ type: 'moved' }];
    if (line.type === 'user') return [{ type: 'worked' }]; // The result of a tool.
    // The answer has ended, and the process goes on.
    if (line.type === 'command_lifecycle') return this.#hasBackground && line.state === 'completed' ? [LOOK] : [];
    if (line.type !== 'assistant' && line.type !== 'stream_event') return [];
    const answered: AgentSignal[] = this.#isRefused ? [{ type: 'refused' }] : [];
    this.#isRefused = false;
    const isSubAgents = typeof line.parent_tool_use_id === 'string';
    if (line.type === 'stream_event') {
      const { event = {} } = line;
      const worked: AgentSignal[] = event.type === 'ping' ? [] : [{ type: 'worked' }];
      return [...answered, ...worked, ...(isSubAgents ? [] : this.#event(event))];
    }
    const calls = stepsIn(blocksIn(line.message?.content), isSubAgents ? 'sub-agent: ' : '');
    const { id, usage } = line.message ?? {};
    // Of the agent itself, its last event has the count.
    if (!isSubAgents || id === undefined || !usage) return [...answered, ...calls];
    return [...answered, ...calls, { type: 'used', step: id, usage: usageOf([usage]) }];
  }

  #system(line: OutputLine): AgentSignal[] {
    if (line.status === 'compacting') return [{ type: 'did', step: COMPACTS }];
    switch (line.subtype) {
      case 'compact_boundary':
        return [{ type: 'did', step: COMPACTS }];
      case 'api_retry':
        return this.#retry(line);
      case 'background_tasks_changed':
        this.#hasBackground = Array.isArray(line.tasks) && line.tasks.length > 0;
        return [LOOK];
      case 'task_progress':
        return typeof line.description === 'string'
          ? [LOOK, { type: 'did', step: `sub-agent: ${line.description}` }]
          : [];
      default:
        return [];
    }
  }

  #retry({ error, error_status, retry_delay_ms }: OutputLine): AgentSignal[] {
    this.#isRefused = true;
    const delay = Number(retry_delay_ms);
    const { because, why } = refusalOfProvider({ error, error_status }, Math.round(delay / 1000));
    const until = isoOf(this.now() + delay);
    return [
      { type: 'refused', because, ...defined({ until }) },
      { type: 'did', step: askedAgain(why, until) },
    ];
  }

  #event({ type, message, content_block, delta, usage }: NonNullable<OutputLine['event']>): AgentSignal[] {
    switch (type) {
      case 'message_start':
        this.#message = message?.id ?? '';
        this.#text = '';
        return [];
      case 'content_block_start':
        return content_block?.type === 'thinking' ? [{ type: 'did', step: 'thinks' }] : [];
      case 'content_block_delta':
        if (delta?.type !== 'text_delta' || !delta.text) return [];
        this.#text = (this.#text + delta.text).slice(-TAIL);
        return [{ type: 'did', text: this.#text }];
      case 'message_delta':
        return usage && this.#message ? [{ type: 'used', step: this.#message, usage: usageOf([usage]) }] : [];
      default:
        return [];
    }
  }
}

/** The signals of what a turn has done so far. */
export function signalsOf(turn: readonly Row[]): AgentSignal[] {
  const did = turn
    .filter((row) => row.type === 'assistant' && isMessage(row) && !isSynthetic(row))
    .flatMap((row): AgentSignal[] => {
      const text = textOf(row).slice(-TAIL);
      return [...stepsIn(blocksOf(row)), ...(text ? [{ type: 'did' as const, text }] : [])];
    });
  const used = [...answersIn(turn)].map(([step, tokens]): AgentSignal => ({
    type: 'used',
    step,
    usage: usageOf([tokens]),
  }));
  return [...did, ...used];
}

const blocksIn = (content: string | Block[] | undefined) => (Array.isArray(content) ? content : []);

function stepsIn(blocks: Block[], prefix = ''): AgentSignal[] {
  return blocks.flatMap(({ type, name, input }) =>
    type === 'tool_use' && name !== undefined
      ? [{ type: 'did' as const, step: `${prefix}${stepOf(name, input ?? {})}` }]
      : [],
  );
}

/** e.g. `bash: npm test`, `read: src/index.ts`. */
export function stepOf(tool: string, input: Record<string, unknown>): string {
  const subject = ['command', 'file_path', 'pattern', 'url', 'query', 'description']
    .map((key) => input[key])
    .find((value) => typeof value === 'string');
  return subject === undefined ? toolOf(tool) : `${toolOf(tool)}: ${subject}`;
}

/**
 * The tool's name in the spelling of other agents: `Bash` is `bash`, `WebFetch` is `webfetch`.
 * Tools of MCP servers keep their names.
 */
export const toolOf = (name: string) => (name.startsWith('mcp__') ? name : name.toLowerCase());
