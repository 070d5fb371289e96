/** A provider's cache of prompts: what of a request it has seen as the beginning of another one. */
import type { Segment } from './segments.js';

/** Of a provider, as it documents them. */
export interface CacheRules {
  /** A shorter prefix is not cached. In tokens. */
  minimum: number;
  /** A prefix is cached in pieces of this length. In tokens. */
  block: number;
}

/** Input tokens of requests. */
export interface Input {
  read: number;
  fresh: number;
}

interface Node {
  next: Map<string, Node>;
}

export class PromptCache {
  readonly #root: Node = { next: new Map() };

  constructor(private readonly rules: CacheRules) {}

  /** A piece that differs is a miss as a whole, so the cache is never made better than it is. */
  ask(segments: readonly Segment[]): Input {
    let [node, shared, all, isShared] = [this.#root, 0, 0, true];
    for (const { text, tokens } of segments) {
      const known = node.next.get(text);
      isShared &&= known !== undefined;
      const next = known ?? { next: new Map<string, Node>() };
      node.next.set(text, next);
      node = next;
      all += tokens;
      if (isShared) shared += tokens;
    }
    const { minimum, block } = this.rules;
    const read = shared < minimum ? 0 : Math.floor(shared / block) * block;
    return { read, fresh: all - read };
  }
}
