/** The config after reading. Other folders import it from `src/config.ts`. */

import type { OnCold } from '../contract/session-context.js';
import type { TurnBudgets } from '../contract/budget.js';
import type { OnFull, OnLost } from '../contract/types.js';
import type { WorkspaceMode } from '../contract/workspace.js';

export const AGENT_KINDS = ['opencode', 'claude-code', 'codex', 'acp'] as const;
export type AgentKind = (typeof AGENT_KINDS)[number];

/** An agent of the config. Several names may use the same kind in different modes. */
export interface AgentConfig {
  kind: AgentKind;
  /** The program. Default: found on PATH. */
  path?: string;
  /** Of an ACP agent: its program and arguments. A preset is one by the time that config is read. */
  command?: string[];
  /** Default model, in the agent's own spelling. */
  model?: string;
  /** The models that go on, in this order, when the one of a session cannot. */
  fallbackModels?: string[];
  variant?: string;
  /**
   * The agent's own mode, for example `build` or `plan` in OpenCode. In Codex it is the sandbox:
   * `workspace-write` (default), `read-only` or `danger-full-access`.
   */
  mode?: string;
  /**
   * What Claude Code may do without asking. Default: Claude Code's own rules. An action that would
   * need a question is denied.
   */
  permissionMode?: PermissionMode;
  /**
   * Whose settings Claude Code loads, with their hooks and CLAUDE.md. Default: its own, which is all
   * of them. An empty list: none, and no servers of MCP.
   */
  settingSources?: SettingSource[];
  asks?: AsksConfig;
  /**
   * What becomes of processes that the tools of a turn have left running, once the turn was stopped.
   * Default: `keep`.
   */
  leftBehind?: LeftBehindPolicy;
  /**
   * An OpenCode server that takes more memory than so many MiB is replaced once no turn works in it.
   * Default: 4096.
   */
  memoryLimitMiB?: number;
  /**
   * How long the provider's cache has a conversation after its last request. Default: by kind
   * (`activities/held-context.ts`).
   */
  cacheLifetimeMs?: number;
}

export const LEFT_BEHIND_POLICIES = ['keep', 'end'] as const;
export type LeftBehindPolicy = (typeof LEFT_BEHIND_POLICIES)[number];

/** The names that Claude Code 2.1.331 accepts. */
export const SETTING_SOURCES = ['user', 'project', 'local'] as const;
export type SettingSource = (typeof SETTING_SOURCES)[number];

/** The names that Claude Code 2.1.331 accepts. */
export const PERMISSION_MODES = ['acceptEdits', 'auto', 'bypassPermissions', 'dontAsk', 'manual', 'plan'] as const;
export type PermissionMode = (typeof PERMISSION_MODES)[number];

export const PERMISSION_POLICIES = ['ask', 'allow', 'deny'] as const;
export type PermissionPolicy = (typeof PERMISSION_POLICIES)[number];
export const QUESTION_POLICIES = ['ask', 'decline'] as const;
export type QuestionPolicy = (typeof QUESTION_POLICIES)[number];

/** What happens to the permissions and questions for which an agent would wait. */
export interface AsksConfig {
  /** Default: `ask`, which makes the topic wait for a person. */
  permissions?: PermissionPolicy;
  /** `decline`: the model is told to go on without an answer. Default: `ask`. */
  questions?: QuestionPolicy;
  /** A person has this long. Then the ask is denied and the turn goes on. Default: 30 minutes. */
  answerWithinMs?: number;
  /** The first rule that matches a permission decides. */
  rules?: AskRule[];
}

/** `*` in a pattern is any text. In the `text` of a rule that allows, it ends with the first simple command. */
export interface AskRule {
  /** A pattern for the name of the tool, in the agent's spelling. Default: any. */
  tool?: string;
  /** A pattern for what the tool is to do, e.g. `git *`. Default: any. */
  text?: string;
  then: PermissionPolicy;
}

export interface CategoryConfig {
  description: string;
  /**
   * Added to the system prompt. At most 2,000 characters, because every turn's input contains it.
   */
  instructions: string;
  agent?: string;
  model?: string;
  /** Default: those of the agent. */
  fallbackModels?: string[];
  variant?: string;
  /** Default: `onFull` of the config. */
  onFull?: OnFull;
}

export interface Limits {
  /** A turn that works longer than this is stopped: TURN_TIMED_OUT. */
  turnTimeoutMs: number;
  /** A turn without observed progress for this long is stopped: TURN_STALLED. */
  stallTimeoutMs: number;
  /** A running tool is no stall for this long, unless its agent has put a limit of its own on it. */
  toolTimeoutMs: number;
  /** A topic's turns together wait this long for a host that does not answer: HOST_UNAVAILABLE. */
  hostTimeoutMs: number;
  /** A call waits this long for a worker while none polls: NO_WORKER. */
  noWorkerAfterMs: number;
  /** A turn waits this long for a provider's usage limit to end: AGENT_RATE_LIMITED. */
  quotaWaitMs: number;
  /** A topic that no caller named closes after this time without work. */
  closeUnnamedAfterMs: number;
  /**
   * How many turns run at once on this host. The others wait in their order. Default: 4 for each
   * core.
   */
  turnsPerHost: number;
  /** What turns and topics may use before a person is asked. */
  budgets: TurnBudgets & { /** In US dollars. */ cost_per_topic?: number };
}

export interface OnColdConfig {
  /** From this cost on, in US dollars, where the price is known. Default: 1. */
  above: number;
  /** From so many tokens on, where it is not. Default: 100,000. */
  aboveTokens: number;
  /** Default: `continue`. */
  do: OnCold;
}

/** In US dollars for a million tokens. */
export interface PriceConfig {
  /** A pattern for the model as results name it; `*` is any text. The first that matches counts. */
  model: string;
  input: number;
  /** Default: as `input`. */
  cacheRead?: number;
  /** Default: as `input`. */
  cacheWrite?: number;
  /** Of reasoning, too. */
  output: number;
}

/**
 * The maximum of `turnsPerHost`. A worker accepts this many activities at once, so that a waiting
 * turn can report that it waits.
 */
export const MOST_TURNS_PER_HOST = 1000;

/** Which commands may run as checks on this host. */
export interface ChecksConfig {
  /**
   * Commands that any caller may run. `*` matches anything within one simple command. Default:
   * none.
   */
  allow: string[];
  /**
   * For callers on this host that use the command line or the library. `listed` means the commands
   * in `allow`. Default: `any`.
   */
  local: 'any' | 'listed';
}

/**
 * Keys of a project's config, or a whole file, that do not apply because the user has not trusted
 * the file.
 */
export interface Ignored {
  file: string;
  /**
   * For example `agents.opencode.path`. Left out when the file is a program, because nothing was
   * read from it.
   */
  keys?: string[];
}

export interface Config {
  /** The file from which the config was read. */
  file?: string;
  /** What was found and does not apply. Absent when everything applies. */
  ignored?: Ignored[];
  dataDir: string;
  /**
   * Name of the project in the config file's directory. Default: the root of the git work tree,
   * else the directory.
   */
  project?: string;
  /** Of new sessions. Absent: the agent that is installed (`agents/default-agent.ts`). */
  defaultAgent?: string;
  agents: Record<string, AgentConfig>;
  categories: Record<string, CategoryConfig>;
  limits: Limits;
  checks: ChecksConfig;
  /** Where the agents of new prompts work, unless a prompt says otherwise. Default: `shared`. */
  workspace: { mode: WorkspaceMode };
  /** For models whose agent names no cost. */
  prices: PriceConfig[];
  /**
   * Whether a worker starts the default agent when the worker starts, if that agent was used on
   * this data directory before. Default: true.
   */
  warmAgent: boolean;
  /** What happens to a topic's prompt when its session is lost or corrupted. Default: `replace`. */
  onLost: OnLost;
  /** What happens to a prompt when the agent cannot compact its session any more. Default: `replace`. */
  onFull: OnFull;
  /** What happens to a prompt whose session is cold and expensive. */
  onCold: OnColdConfig;
}
