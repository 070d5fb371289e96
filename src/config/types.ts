/** What config is once it is read; other parts import it from `src/config.ts`. */

import type { OnLost } from '../contract/types.js';

export const AGENT_KINDS = ['opencode'] as const;

/** One agent as config names it; several names may use the same kind in different modes. */
export interface AgentConfig {
  kind: (typeof AGENT_KINDS)[number];
  /** The program. Default: found on PATH. */
  path?: string;
  /** Default model, as the agent spells it. */
  model?: string;
  variant?: string;
  /** The agent's own mode, e.g. `build` or `plan` of OpenCode. */
  mode?: string;
}

export interface CategoryConfig {
  description: string;
  /** Appendix to the system prompt, at most 2,000 characters: it stands in every turn's input. */
  instructions: string;
  agent?: string;
  model?: string;
  variant?: string;
}

export interface Limits {
  /** A turn that works longer than this is stopped: TURN_TIMED_OUT. */
  turnTimeoutMs: number;
  /** A turn without observed progress for this long is stopped: TURN_STALLED. */
  stallTimeoutMs: number;
  /** Turns wait this long, all of them together, for a host that does not answer: HOST_UNAVAILABLE. */
  hostTimeoutMs: number;
  /** A call waits this long for a worker while none polls: NO_WORKER. */
  noWorkerAfterMs: number;
  /** A topic that no caller named closes after this time without work. */
  closeUnnamedAfterMs: number;
  /** So many turns work at once on this host; the others wait for one of them to end, in their order. Default: 4 for each core. */
  turnsPerHost: number;
}

/** Most of `turnsPerHost`. A worker takes that many activities at once, so that a turn which waits can say so. */
export const MOST_TURNS_PER_HOST = 1000;

/** Which commands may run as checks on this host. */
export interface ChecksConfig {
  /** Whoever asks. `*` stands for anything within one simple command. Default: none. */
  allow: string[];
  /** For callers on this host through the command line or the library; `listed`: what `allow` lists. Default: `any`. */
  local: 'any' | 'listed';
}

/** Something of a project's config that does not apply, because the user has not trusted it. */
export interface Ignored {
  file: string;
  /** Names of the keys, e.g. `agents.opencode.path`. Left out where the file is a program, of which nothing was read. */
  keys?: string[];
}

export interface Config {
  /** The file that it was read from, if there is one. */
  file?: string;
  /** What was found and does not apply; left out where there is nothing. */
  ignored?: Ignored[];
  dataDir: string;
  /** Name of the project that the config file's directory is. Default: the root of the git work tree, else the directory. */
  project?: string;
  defaultAgent: string;
  agents: Record<string, AgentConfig>;
  categories: Record<string, CategoryConfig>;
  limits: Limits;
  checks: ChecksConfig;
  /** Whether a worker starts the default agent at its own start, if it was used on this data directory before. Default: true. */
  warmAgent: boolean;
  /** What becomes of a topic's prompt when its session is lost or corrupted. Default: `replace`. */
  onLost: OnLost;
}
