/**
 * Removes the keys of a project's config that need the user's trust: those that name a program, or
 * let one run.
 */
import type { ConfigContent } from './schema.js';

type Harmless = { readonly [key: string]: true | Harmless };

/**
 * The keys that apply without trust. **Every key that is missing here needs trust**, so a new key
 * of the schema is safe by default. `*` is any name.
 */
const HARMLESS: Harmless = {
  project: true,
  defaultAgent: true,
  agents: {
    '*': {
      kind: true,
      preset: true,
      model: true,
      fallbackModels: true,
      variant: true,
      mode: true,
      cacheLifetime: true,
    },
  },
  categories: {
    '*': {
      description: true,
      instructions: true,
      agent: true,
      model: true,
      fallbackModels: true,
      variant: true,
      onFull: true,
    },
  },
  limits: { turnTimeout: true, stallTimeout: true, toolTimeout: true },
  workspace: { mode: true },
  onLost: true,
  onFull: true,
};

/**
 * @returns the content that applies, and the names of the removed keys, for example
 * `agents.opencode.path`
 */
export function withoutTrust(content: ConfigContent): { content: ConfigContent; withheld: string[] } {
  const withheld: string[] = [];
  return { content: only(content, HARMLESS, '', withheld) as ConfigContent, withheld };
}

function only(value: unknown, harmless: true | Harmless, path: string, withheld: string[]): unknown {
  if (harmless === true || typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    const name = path === '' ? key : `${path}.${key}`;
    const below = Object.hasOwn(harmless, key) ? harmless[key] : harmless['*'];
    if (inner === undefined) return [];
    if (below !== undefined) return [[key, only(inner, below, name, withheld)] as const];
    withheld.push(name);
    return [];
  });
  return Object.fromEntries(entries);
}
