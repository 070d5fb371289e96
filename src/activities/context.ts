/** What all activities of one host use. */
import type { WorkflowHandle } from '@temporalio/client';
import type { AgentsByName } from '../agents/agents-by-name.js';
import type { Fence } from '../agents/turn/fence.js';
import type { Config } from '../config.js';
import type { AbsentModels } from './absent-models.js';
import type { Directories } from './directories.js';
import type { Semaphore } from '../semaphore.js';
import type { IsCheckProof } from './may-check.js';
import type { ProviderGate } from './provider-gate.js';
import type { EndedRun } from './types.js';

export type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

/**
 * What the topic knew at the end of the history of one of its runs, or why this release cannot
 * replay it.
 *
 * @throws what may pass, and the signal's reason
 */
export type StateOfHistory = (
  workflowId: string,
  history: History,
  signal: AbortSignal,
) => Promise<Pick<EndedRun, 'state' | 'problem'>>;

export type Log = (message: string, facts?: object) => void;

/** What a config decides. */
export interface DirectoryContext {
  config: Config;
  agents: AgentsByName;
  projectOf: (cwd: string) => Promise<string>;
  /** Which agent opens a session that nothing else names one for. @throws AgentError AGENT_NOT_FOUND */
  defaultAgent: () => Promise<string>;
}

/** The config that counts in a directory of this host. */
export interface Configured {
  /** Reads the config as it is now. @throws ConfigInvalid CONFIG_INVALID, CONFIG_UNSAFE */
  in: (cwd: string) => Promise<DirectoryContext>;
  /** The config as it could be read last. */
  lastIn: (cwd: string) => Promise<DirectoryContext>;
}

/** `config` is that of the worker's directory. `configured` reads those of sessions. */
export interface ActivityContext extends DirectoryContext {
  configured: Configured;
  host: string;
  isCheckProof: IsCheckProof;
  stateOfHistory: StateOfHistory;
  log: Log;
  /** Allows one attempt at a time at the checks of a topic. Agents fence their turns themselves. */
  fence: Fence;
  /** Lets one turn at a time try a provider that refused. */
  providers: ProviderGate;
  /** Which turns work in which directory. */
  directories: Directories;
  /** Which models cannot answer now. */
  absentModels: AbsentModels;
  /** Limits how many turns work at once on this host. Absent: any number. */
  turnSlots?: Semaphore;
}
