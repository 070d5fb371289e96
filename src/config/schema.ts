/**
 * The schema of a config file. The error of each field ends a sentence that begins with the field's
 * name.
 */
import * as z from 'zod';
import { milliseconds } from '../contract/duration.js';
import { ACP_PRESET_NAMES } from './acp-presets.js';
import {
  AGENT_KINDS,
  LEFT_BEHIND_POLICIES,
  MOST_TURNS_PER_HOST,
  PERMISSION_MODES,
  PERMISSION_POLICIES,
  QUESTION_POLICIES,
  SETTING_SOURCES,
} from './types.js';
import { isId, MAX_ID_LENGTH } from '../contract/ids.js';
import { ON_COLD } from '../contract/session-context.js';
import { ON_FULL, ON_LOST } from '../contract/types.js';
import { WORKSPACE_MODES } from '../contract/workspace.js';
import { nearest } from './nearest.js';

const MAX_INSTRUCTIONS = 2000;
const SHORTEST_LIMIT_MS = 1000;
/** A Node timer can wait at most 2^31 ms. */
const LONGEST_LIMIT_MS = 24 * 24 * 60 * 60 * 1000;
const SOURCES = `must be a list of ${SETTING_SOURCES.map((source) => JSON.stringify(source)).join(', ')}`;
const TURNS_PER_HOST = `must be a whole number from 1 to ${MOST_TURNS_PER_HOST}`;

/** Unknown keys are refused, because a misspelled key would otherwise be ignored silently. */
function only<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? noSuchKeys(issue.keys, known) : 'must be an object'),
  });
}

function noSuchKeys(keys: string[], known: string[]): string {
  const [name = ''] = keys;
  const meant = nearest(name, known);
  const has = keys.map((key) => JSON.stringify(key)).join(', ');
  return `has no key ${has}; ${meant ? `did you mean ${JSON.stringify(meant)}? ` : ''}It takes: ${known.join(', ')}`;
}

const text = z.string({ error: 'must be text' }).refine((value) => value.trim() !== '', { error: 'must not be blank' });
const name = z.string().refine(isId, { error: 'must be a name: printable, on one line, at most 200 characters' });

/** `"30m"`, `"2 hours"` or a number of milliseconds. */
const duration = z.unknown().transform((value, context) => {
  const ms = milliseconds(value);
  if (ms >= SHORTEST_LIMIT_MS && ms <= LONGEST_LIMIT_MS) return ms;
  context.addIssue('must be a duration from 1 second to 24 days, such as "30m", "2 hours" or a number of milliseconds');
  return z.NEVER;
});

const MOST_MODELS = 10;
const MODELS = `must be a list of at most ${MOST_MODELS} models, in the agent's spelling`;
const MODEL = `must be a model in the agent's spelling: printable, on one line, at most ${MAX_ID_LENGTH} characters`;
const models = z
  .array(z.string({ error: MODEL }).refine(isId, { error: MODEL }), { error: MODELS })
  .max(MOST_MODELS, { error: MODELS });

/** OpenCode takes 360 MB before its first turn. */
const LEAST_MEMORY_MIB = 512;
const MEMORY = `must be a whole number of MiB, at least ${LEAST_MEMORY_MIB}`;

const COMMAND = 'must be a program and its arguments, such as ["gemini", "--acp"]';

const BUDGET = 'must be a number above 0';
const budget = z.number({ error: BUDGET }).positive({ error: BUDGET }).optional();
const COUNT = 'must be a whole number above 0';
const countable = z.int({ error: COUNT }).positive({ error: COUNT }).optional();

const DOLLARS = 'must be a number of US dollars for a million tokens, at least 0';
const dollars = z.number({ error: DOLLARS }).nonnegative({ error: DOLLARS });

const PATTERN = 'must be text, in which * is any text';

const asks = only({
  permissions: z.enum(PERMISSION_POLICIES, { error: `must be ${oneOf(PERMISSION_POLICIES)}` }).optional(),
  questions: z.enum(QUESTION_POLICIES, { error: `must be ${oneOf(QUESTION_POLICIES)}` }).optional(),
  answerWithin: duration.optional(),
  rules: z
    .array(
      only({
        tool: z.string({ error: PATTERN }).optional(),
        text: z.string({ error: PATTERN }).optional(),
        then: z.enum(PERMISSION_POLICIES, { error: `must be ${oneOf(PERMISSION_POLICIES)}` }),
      }),
      { error: 'must be a list of rules, such as { "tool": "bash", "text": "git *", "then": "allow" }' },
    )
    .optional(),
});

const agent = only({
  kind: z.enum(AGENT_KINDS, { error: `must be ${oneOf(AGENT_KINDS)}` }).optional(),
  path: text.optional(),
  command: z
    .array(z.string({ error: COMMAND }), { error: COMMAND })
    .refine(([program]) => program !== undefined && program.trim() !== '', { error: COMMAND })
    .optional(),
  preset: z.enum(ACP_PRESET_NAMES, { error: `must be ${oneOf(ACP_PRESET_NAMES)}` }).optional(),
  model: text.optional(),
  fallbackModels: models.optional(),
  variant: text.optional(),
  mode: text.optional(),
  settingSources: z
    .array(z.enum(SETTING_SOURCES, { error: `must be ${oneOf(SETTING_SOURCES)}` }), { error: SOURCES })
    .refine((sources) => new Set(sources).size === sources.length, { error: SOURCES })
    .optional(),
  permissionMode: z.enum(PERMISSION_MODES, { error: `must be ${oneOf(PERMISSION_MODES)}` }).optional(),
  asks: asks.optional(),
  cacheLifetime: duration.optional(),
  leftBehind: z.enum(LEFT_BEHIND_POLICIES, { error: `must be ${oneOf(LEFT_BEHIND_POLICIES)}` }).optional(),
  memoryLimitMiB: z.int({ error: MEMORY }).min(LEAST_MEMORY_MIB, { error: MEMORY }).optional(),
}).superRefine((agent, context) => {
  const { kind, command, preset, path } = agent;
  const wrong = (field: keyof typeof agent, message: string) =>
    context.addIssue({ code: 'custom', path: [field], message, input: agent[field] });
  if (kind !== 'acp') {
    const field = command ? 'command' : preset ? 'preset' : undefined;
    if (field) wrong(field, 'is only for agents of kind "acp"; name another program with path');
    return;
  }
  if (!command && !preset)
    wrong(
      'command',
      `is missing; it names the program and its arguments, or preset names one of ${ACP_PRESET_NAMES.join(', ')}`,
    );
  if (command && preset) wrong('preset', 'must be left out where there is a command');
  if (path !== undefined) wrong('path', 'must be left out for an agent of kind "acp": its command names the program');
});

/** A built-in name has its kind without saying so. */
function onlyOpenCodeHasMemoryLimit(
  agents: Record<string, z.output<typeof agent>> | undefined,
  context: z.RefinementCtx,
): void {
  for (const [name, { kind, memoryLimitMiB }] of Object.entries(agents ?? {})) {
    const its = kind ?? AGENT_KINDS.find((one) => one === name);
    if (memoryLimitMiB === undefined || its === undefined || its === 'opencode') continue;
    context.addIssue({
      code: 'custom',
      path: [name, 'memoryLimitMiB'],
      message: 'is only for agents of kind "opencode"',
      input: memoryLimitMiB,
    });
  }
}

const onFull = z.enum(ON_FULL, { error: `must be ${oneOf(ON_FULL)}` });

const category = only({
  description: text.optional(),
  instructions: z
    .string({ error: 'must be text' })
    .refine((value) => value.length <= MAX_INSTRUCTIONS, {
      error: `must be at most ${MAX_INSTRUCTIONS} characters long`,
    })
    .optional(),
  agent: text.optional(),
  model: text.optional(),
  fallbackModels: models.optional(),
  variant: text.optional(),
  onFull: onFull.optional(),
});

export const configSchema = only({
  project: text.optional(),
  defaultAgent: text.optional(),
  agents: named(agent).superRefine(onlyOpenCodeHasMemoryLimit),
  categories: named(category),
  limits: only({
    turnTimeout: duration.optional(),
    stallTimeout: duration.optional(),
    toolTimeout: duration.optional(),
    turnsPerHost: z
      .int({ error: TURNS_PER_HOST })
      .min(1, { error: TURNS_PER_HOST })
      .max(MOST_TURNS_PER_HOST, { error: TURNS_PER_HOST })
      .optional(),
    hostTimeout: duration.optional(),
    noWorkerAfter: duration.optional(),
    closeUnnamedAfter: duration.optional(),
    quotaWait: duration.optional(),
    costPerTurn: budget,
    costPerTopic: budget,
    tokensPerTurn: countable,
    stepsPerTurn: countable,
  }).optional(),
  checks: only({
    allow: z.array(text, { error: 'must be a list of commands, such as ["npm test", "npm run *"]' }).optional(),
    local: z.enum(['any', 'listed'], { error: 'must be one of "any", "listed"' }).optional(),
  }).optional(),
  prices: z
    .array(
      only({
        model: z.string({ error: PATTERN }),
        input: dollars,
        cacheRead: dollars.optional(),
        cacheWrite: dollars.optional(),
        output: dollars,
      }),
      { error: 'must be a list of prices, such as { "model": "gpt-5*", "input": 1.25, "output": 10 }' },
    )
    .optional(),
  workspace: only({
    mode: z.enum(WORKSPACE_MODES, { error: `must be ${oneOf(WORKSPACE_MODES)}` }).optional(),
  }).optional(),
  warmAgent: z.boolean({ error: 'must be true or false' }).optional(),
  onLost: z.enum(ON_LOST, { error: `must be ${oneOf(ON_LOST)}` }).optional(),
  onFull: onFull.optional(),
  onCold: only({
    above: budget,
    aboveTokens: countable,
    do: z.enum(ON_COLD, { error: `must be ${oneOf(ON_COLD)}` }).optional(),
  }).optional(),
});

export type ConfigContent = z.output<typeof configSchema>;

function named<Value extends z.ZodType>(value: Value) {
  return z.record(name, value, { error: 'must be an object of names' }).optional();
}

function oneOf(values: readonly string[]): string {
  const quoted = values.map((value) => JSON.stringify(value));
  return quoted.length > 1 ? `one of ${quoted.join(', ')}` : quoted.join();
}
