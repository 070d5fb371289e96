/** A provider's cache of prompts: what of a request it has seen as the beginning of another one. */
import type { Segment } from './segments.js';

/** Of a provider, as it documents them. */
export interface CacheRules {
  /** A shorter prefix is not cached. In tokens. */
  minimum: number;
  /** A prefix is cached in pieces of this length. In tokens. */
  block: number;
  /**
   * Whether only the marked beginnings of a request are cached. If false, every beginning of an
   * earlier request is. A mark finds a cached beginning that ends at most so many segments before it.
   */
  lookBack?: number;
}

/** Input tokens of a request. */
export interface Input {
  read: number;
  written: number;
  /** Neither read nor written, because no mark follows. */
  plain: number;
}

interface Node {
  next: Map<string, Node>;
  isCached: boolean;
}

const newNode = (): Node => ({ next: new Map(), isCached: false });

export class PromptCache {
  readonly #root = newNode();

  constructor(private readonly rules: CacheRules) {}

  /** A segment that differs is a miss as a whole, so the cache is never made better than it is. */
  ask(segments: readonly Segment[]): Input {
    const { lookBack } = this.rules;
    const nodes = this.#follow(segments);
    const marks = nodes.flatMap((_, at) => (lookBack === undefined || segments[at]?.marked ? [at] : []));
    const [endOf, all] = endsOf(segments);
    let read = 0;
    for (const at of marks)
      for (let end = at; end >= 0 && at - end < (lookBack ?? 1); end -= 1)
        if (nodes[end]?.isCached) read = Math.max(read, endOf[end] ?? 0);
    read = read < this.rules.minimum ? 0 : Math.floor(read / this.rules.block) * this.rules.block;
    for (const at of marks) if (nodes[at] && (endOf[at] ?? 0) >= this.rules.minimum) nodes[at].isCached = true;
    const last = marks.length === 0 ? 0 : (endOf[marks.at(-1) ?? 0] ?? 0);
    const written = last < this.rules.minimum ? 0 : Math.max(0, last - read);
    return { read, written, plain: all - read - written };
  }

  #follow(segments: readonly Segment[]): Node[] {
    let node = this.#root;
    return segments.map(({ text }) => {
      const next = node.next.get(text) ?? newNode();
      node.next.set(text, next);
      return (node = next);
    });
  }
}

/** @returns how many tokens there are up to the end of each segment, and in all */
function endsOf(segments: readonly Segment[]): [number[], number] {
  let all = 0;
  return [segments.map(({ tokens }) => (all += tokens)), all];
}
