/** Checks the content of a config file and fills in the defaults. */
import { availableParallelism } from 'node:os';
import { dirname, isAbsolute, resolve } from 'node:path';
import type * as z from 'zod';
import { defined } from '../contract/defined.js';
import { ACP_PRESETS } from './acp-presets.js';
import { AGENT_KINDS, type AgentConfig, type AsksConfig, type CategoryConfig, type Config } from './types.js';
import { CATEGORIES } from './categories.js';
import type { ConfigFile } from './file.js';
import { nearest } from './nearest.js';
import { invalidFields, type Problem } from './problems.js';
import { configSchema, type ConfigContent } from './schema.js';

const AGENTS: Record<string, AgentConfig> = {
  opencode: { kind: 'opencode' },
  'claude-code': { kind: 'claude-code' },
  codex: { kind: 'codex' },
};
const MINUTE = 60 * 1000;
const DAY = 24 * 60 * MINUTE;
const LIMITS = {
  turnTimeout: 120 * MINUTE,
  stallTimeout: 15 * MINUTE,
  toolTimeout: 120 * MINUTE,
  hostTimeout: 4 * DAY,
  noWorkerAfter: MINUTE / 2,
  closeUnnamedAfter: 7 * DAY,
  quotaWait: DAY / 2,
  /**
   * Four for each core. With more, the first answers of a crowd come later and the last ones sooner
   * (`npm run bench:slots`).
   */
  turnsPerHost: 4 * availableParallelism(),
};

const ON_COLD = { above: 1, aboveTokens: 100_000, do: 'continue' };

/** @throws ConfigInvalid CONFIG_INVALID, which lists every bad field */
export function parsed({ file, content }: Pick<ConfigFile, 'file' | 'content'>): ConfigContent {
  const result = configSchema.safeParse(content, { reportInput: true });
  if (!result.success) throw invalidFields(result.error.issues.map(problemOf), file ?? 'The config');
  return result.data;
}

/** @throws ConfigInvalid CONFIG_INVALID, which lists missing fields and names of unknown agents */
export function settle(said: ConfigContent, file: string | undefined, dataDir: string): Config {
  const limits = { ...LIMITS, ...said.limits };
  const config = {
    ...defined({ file }),
    dataDir,
    ...defined({ project: said.project, defaultAgent: said.defaultAgent }),
    agents: merged(AGENTS, said.agents, (agent) => located(agent, file)),
    categories: merged(CATEGORIES, said.categories, (category) => ({ instructions: '', ...category })),
    limits: {
      turnTimeoutMs: limits.turnTimeout,
      stallTimeoutMs: limits.stallTimeout,
      toolTimeoutMs: limits.toolTimeout,
      hostTimeoutMs: limits.hostTimeout,
      noWorkerAfterMs: limits.noWorkerAfter,
      closeUnnamedAfterMs: limits.closeUnnamedAfter,
      quotaWaitMs: limits.quotaWait,
      turnsPerHost: limits.turnsPerHost,
      budgets: defined({
        cost_per_turn: said.limits?.costPerTurn,
        cost_per_topic: said.limits?.costPerTopic,
        tokens_per_turn: said.limits?.tokensPerTurn,
        steps_per_turn: said.limits?.stepsPerTurn,
      }),
    },
    prices: said.prices ?? [],
    checks: { allow: said.checks?.allow ?? [], local: said.checks?.local ?? 'any' },
    workspace: { mode: said.workspace?.mode ?? 'shared' },
    warmAgent: said.warmAgent ?? true,
    onLost: said.onLost ?? 'replace',
    onFull: said.onFull ?? 'replace',
    onCold: { ...ON_COLD, ...said.onCold },
  };
  const problems = [...incomplete(config), ...dangling(said, config)];
  if (problems.length > 0) throw invalidFields(problems, file ?? 'the config');
  return config as Config;
}

function problemOf(issue: z.core.$ZodIssue): Problem {
  const { path, message } = issue;
  if (issue.code === 'unrecognized_keys') return { path, message };
  if (issue.code === 'invalid_key')
    return { path: path.slice(0, -1), message: `has a name that ${issue.issues[0]?.message}`, got: path.at(-1) };
  return { path, message, got: issue.input };
}

/**
 * Merges the config into the built-in entries, field by field. The result has no prototype, so that
 * names such as `constructor` are unknown.
 */
function merged<Entry extends object>(
  builtIn: Record<string, Entry>,
  said: Record<string, object> | undefined,
  fill: (entry: object) => object,
) {
  const all = Object.create(null) as Record<string, Partial<Entry>>;
  for (const name of new Set([...Object.keys(builtIn), ...Object.keys(said ?? {})])) {
    all[name] = fill({ ...builtIn[name], ...said?.[name] });
  }
  return all;
}

type SaidAgent = Partial<Omit<AgentConfig, 'asks' | 'cacheLifetimeMs'>> & {
  cacheLifetime?: number;
  preset?: keyof typeof ACP_PRESETS;
  asks?: NonNullable<NonNullable<ConfigContent['agents']>[string]['asks']>;
};

function asksOf({ answerWithin, rules, permissions, questions }: NonNullable<SaidAgent['asks']>): AsksConfig {
  return {
    ...defined({ permissions, questions, answerWithinMs: answerWithin }),
    ...(rules && { rules: rules.map(({ tool, text, then }) => ({ ...defined({ tool, text }), then })) }),
  };
}

/** A relative path starts at the config file's directory. A bare name is searched on PATH. */
function located(said: SaidAgent, file: string | undefined): Partial<AgentConfig> {
  const { preset, asks, cacheLifetime, ...agent } = said;
  const { path, command: [program, ...args] = preset ? ACP_PRESETS[preset] : [] } = agent;
  const whole = (named: string) =>
    file === undefined || isAbsolute(named) || !/[\\/]/.test(named) ? named : resolve(dirname(file), named);
  return {
    ...agent,
    ...(asks && { asks: asksOf(asks) }),
    ...defined({ cacheLifetimeMs: cacheLifetime }),
    ...(path !== undefined && { path: whole(path) }),
    ...(program !== undefined && { command: [whole(program), ...args] }),
  };
}

/** Fields that a new entry needs. A built-in entry already has them. */
function incomplete({
  agents,
  categories,
}: {
  agents: Record<string, Partial<AgentConfig>>;
  categories: Record<string, Partial<CategoryConfig>>;
}): Problem[] {
  const missing = (path: string[], message: string): Problem => ({ path, message: `is missing; it ${message}` });
  return [
    ...Object.entries(agents)
      .filter(([, agent]) => !agent.kind)
      .map(([name]) =>
        missing(
          ['agents', name, 'kind'],
          `says which kind of agent this is: ${AGENT_KINDS.map((kind) => JSON.stringify(kind)).join(', ')}`,
        ),
      ),
    ...Object.entries(categories)
      .filter(([, category]) => !category.description)
      .map(([name]) => missing(['categories', name, 'description'], 'says in a sentence what the category is for')),
  ];
}

/** Names of unknown agents. */
function dangling(said: ConfigContent, { agents }: { agents: object }): Problem[] {
  const known = Object.keys(agents);
  const named: [string[], string | undefined][] = [
    [['defaultAgent'], said.defaultAgent],
    ...Object.entries(said.categories ?? {}).map(([name, { agent }]): [string[], string | undefined] => [
      ['categories', name, 'agent'],
      agent,
    ]),
  ];
  return named.flatMap(([path, agent]) => {
    if (agent === undefined || known.includes(agent)) return [];
    return [
      {
        path,
        message: `must be an agent of the config (${known.join(', ')})`,
        got: agent,
        meant: nearest(agent, known),
      },
    ];
  });
}
