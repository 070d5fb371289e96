/** From what a file says to the whole config: checked, and filled up with what is there out of the box. */
import { availableParallelism } from 'node:os';
import { dirname, isAbsolute, resolve } from 'node:path';
import type * as z from 'zod';
import type { AgentConfig, CategoryConfig, Config } from './types.js';
import { CATEGORIES } from './categories.js';
import type { ConfigFile } from './file.js';
import { nearest } from './nearest.js';
import { invalidFields, type Problem } from './problems.js';
import { configSchema, type ConfigContent } from './schema.js';

const AGENTS: Record<string, AgentConfig> = { opencode: { kind: 'opencode' } };
const MINUTE = 60 * 1000;
const DAY = 24 * 60 * MINUTE;
const LIMITS = {
  turnTimeout: 120 * MINUTE,
  stallTimeout: 15 * MINUTE,
  hostTimeout: 4 * DAY,
  noWorkerAfter: MINUTE / 2,
  closeUnnamedAfter: 7 * DAY,
  /** Four for each core: with more of them the first answers of a crowd come later, and the last ones sooner (`npm run bench:slots`). */
  turnsPerHost: 4 * availableParallelism(),
};

/** @throws ConfigInvalid that lists every bad field */
export function parsed({ file, content }: Pick<ConfigFile, 'file' | 'content'>): ConfigContent {
  const result = configSchema.safeParse(content, { reportInput: true });
  if (!result.success) throw invalidFields(result.error.issues.map(problemOf), file ?? 'The config');
  return result.data;
}

/** @throws ConfigInvalid that lists what is missing, and names of agents that there are not */
export function settle(said: ConfigContent, file: string | undefined, dataDir: string): Config {
  const limits = { ...LIMITS, ...said.limits };
  const config = {
    ...(file !== undefined && { file }),
    dataDir,
    ...(said.project !== undefined && { project: said.project }),
    defaultAgent: said.defaultAgent ?? Object.keys(AGENTS)[0] ?? '',
    agents: merged(AGENTS, said.agents, (agent) => located(agent, file)),
    categories: merged(CATEGORIES, said.categories, (category) => ({ instructions: '', ...category })),
    limits: {
      turnTimeoutMs: limits.turnTimeout,
      stallTimeoutMs: limits.stallTimeout,
      hostTimeoutMs: limits.hostTimeout,
      noWorkerAfterMs: limits.noWorkerAfter,
      closeUnnamedAfterMs: limits.closeUnnamedAfter,
      turnsPerHost: limits.turnsPerHost,
    },
    checks: { allow: said.checks?.allow ?? [], local: said.checks?.local ?? 'any' },
    warmAgent: said.warmAgent ?? true,
    onLost: said.onLost ?? 'replace',
  };
  const problems = [...incomplete(config), ...dangling(said, config)];
  if (problems.length > 0) throw invalidFields(problems, file ?? 'the config');
  return config as Config;
}

function problemOf(issue: z.core.$ZodIssue): Problem {
  const { path, message } = issue;
  if (issue.code === 'unrecognized_keys') return { path, message };
  if (issue.code === 'invalid_key') return { path: path.slice(0, -1), message: `has a name that ${issue.issues[0]?.message}`, got: path.at(-1) };
  return { path, message, got: issue.input };
}

/** Field by field over what is built in. Without a prototype, so that no name is there that nobody gave. */
function merged<Entry extends object>(builtIn: Record<string, Entry>, said: Record<string, object> | undefined, fill: (entry: object) => object) {
  const all = Object.create(null) as Record<string, Partial<Entry>>;
  for (const name of new Set([...Object.keys(builtIn), ...Object.keys(said ?? {})])) {
    all[name] = fill({ ...builtIn[name], ...said?.[name] });
  }
  return all;
}

/** A program named by a relative path is meant from the config file; a bare name is looked for on PATH. */
function located(agent: Partial<AgentConfig>, file: string | undefined): Partial<AgentConfig> {
  const { path } = agent;
  if (path === undefined || file === undefined || isAbsolute(path) || !/[\\/]/.test(path)) return agent;
  return { ...agent, path: resolve(dirname(file), path) };
}

/** What only a new entry must say, because a built-in one has it. */
function incomplete({ agents, categories }: { agents: Record<string, Partial<AgentConfig>>; categories: Record<string, Partial<CategoryConfig>> }): Problem[] {
  const missing = (path: string[], message: string): Problem => ({ path, message: `is missing; it ${message}` });
  return [
    ...Object.entries(agents).filter(([, agent]) => !agent.kind).map(([name]) => missing(['agents', name, 'kind'], 'says which kind of agent this is: "opencode"')),
    ...Object.entries(categories)
      .filter(([, category]) => !category.description)
      .map(([name]) => missing(['categories', name, 'description'], 'says in a sentence what the category is for')),
  ];
}

/** Names of agents that there are not. */
function dangling(said: ConfigContent, { agents }: { agents: object }): Problem[] {
  const known = Object.keys(agents);
  const named: [string[], string | undefined][] = [
    [['defaultAgent'], said.defaultAgent],
    ...Object.entries(said.categories ?? {}).map(([name, { agent }]): [string[], string | undefined] => [['categories', name, 'agent'], agent]),
  ];
  return named.flatMap(([path, agent]) => {
    if (agent === undefined || known.includes(agent)) return [];
    return [{ path, message: `must be an agent of the config (${known.join(', ')})`, got: agent, meant: nearest(agent, known) }];
  });
}
