/** What a project's config says only to a user who trusts the file: what names a program, or lets one be run. */
import type { ConfigContent } from './schema.js';

type Harmless = { readonly [key: string]: true | Harmless };

/**
 * What applies without trust. **Everything that is not in this list needs trust**, so a new key of the schema does, too,
 * until somebody has thought about it. `*` is any name.
 */
const HARMLESS: Harmless = {
  project: true,
  defaultAgent: true,
  agents: { '*': { kind: true, model: true, variant: true, mode: true } },
  categories: { '*': { description: true, instructions: true, agent: true, model: true, variant: true } },
  limits: { turnTimeout: true, stallTimeout: true },
  onLost: true,
};

/** @returns what applies, and the names of what was left out, e.g. `agents.opencode.path` */
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
