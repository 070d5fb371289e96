/**
 * How long a turn has been silent. A running tool is no silence before its own limit, as long as its
 * agent still says that it runs. Times are those of this process, so a wrong clock does not matter.
 */
import type { RunningTool } from '../agents/agent.js';

interface Seen {
  tool: RunningTool;
  /** When it was first and last seen to run, in ms. */
  first: number;
  last: number;
}

export class Silence {
  #brokenAt: number;
  readonly #tools = new Map<string, Seen>();

  constructor(private readonly now: () => number = () => performance.now()) {
    this.#brokenAt = now();
  }

  /** The agent did something. */
  break(): void {
    this.#brokenAt = this.now();
  }

  /** These tools run now. That one has started or ended is something that the agent did. */
  running(tools: readonly RunningTool[]): void {
    const before = new Map(this.#tools);
    if (tools.length !== before.size || tools.some(({ id }) => !before.has(id))) this.break();
    this.#tools.clear();
    for (const tool of tools)
      this.#tools.set(tool.id, { tool, first: before.get(tool.id)?.first ?? this.now(), last: this.now() });
  }

  /** How long it lasts, in ms. */
  ms(toolTimeoutMs: number): number {
    const covered = [...this.#tools.values()].map(({ tool, first, last }) =>
      Math.min(last, first + limitOf(tool, toolTimeoutMs)),
    );
    return this.now() - Math.max(this.#brokenAt, ...covered);
  }

  /** The tool that runs beyond its limit, the longest first. */
  tooLong(toolTimeoutMs: number): { step: string; ranMs: number; limitMs: number; isOwn: boolean } | undefined {
    const [longest] = [...this.#tools.values()]
      .map(({ tool, first }) => ({
        step: tool.step,
        ranMs: this.now() - first,
        limitMs: limitOf(tool, toolTimeoutMs),
        isOwn: tool.limit_ms !== undefined,
      }))
      .filter(({ ranMs, limitMs }) => ranMs > limitMs)
      .sort((one, other) => other.ranMs - one.ranMs);
    return longest;
  }
}

const limitOf = ({ limit_ms }: RunningTool, toolTimeoutMs: number) => limit_ms ?? toolTimeoutMs;
