/** Which calls of tools have no result yet, from the output of a run. Pure. */
import type { RunningTool } from '../agent.js';
import type { Block } from './rows.js';
import { stepOf, type OutputLine } from './signals.js';

/** Tools that start a sub-agent (2.1.331). */
const SUB_AGENTS = ['Agent', 'Task'];

interface Call {
  /** The answer that has the call. */
  answer: string | undefined;
  /** The call of the sub-agent that has made this one. */
  by: string;
  tool?: RunningTool;
}

export class OpenCalls {
  readonly #open = new Map<string, Call>();

  get running(): RunningTool[] {
    return [...this.#open.values()].flatMap(({ tool }) => tool ?? []);
  }

  on(line: OutputLine): void {
    const by = line.parent_tool_use_id ?? '';
    const { type, message, event } = line;
    if (type === 'result') this.#open.clear();
    else if (type === 'stream_event' && event?.type === 'message_start') this.#answers(by, event.message?.id);
    else if (type === 'assistant') {
      this.#answers(by, message?.id);
      for (const block of blocksIn(line)) this.#calls(block, by, message?.id);
    } else if (type === 'user')
      for (const { tool_use_id } of blocksIn(line)) if (tool_use_id !== undefined) this.#ended(tool_use_id);
  }

  #calls({ type, id, name, input = {} }: Block, by: string, answer: string | undefined): void {
    if (type !== 'tool_use' || id === undefined || name === undefined) return;
    const limit = name === 'Bash' ? input['timeout'] : undefined;
    const tool: RunningTool = {
      id,
      step: `${by === '' ? '' : 'sub-agent: '}${stepOf(name, input)}`,
      ...(typeof limit === 'number' && limit > 0 && { limit_ms: limit }),
    };
    this.#open.set(id, { answer, by, ...(!SUB_AGENTS.includes(name) && { tool }) });
  }

  /** The model answers only once it has the results of all calls before. A long result is not read. */
  #answers(by: string, answer: string | undefined): void {
    for (const [id, call] of this.#open) if (call.by === by && call.answer !== answer) this.#ended(id);
  }

  #ended(id: string): void {
    this.#open.delete(id);
    for (const [other, { by }] of this.#open) if (by === id) this.#open.delete(other);
  }
}

const blocksIn = ({ message }: OutputLine) => (Array.isArray(message?.content) ? message.content : []);
