/**
 * What the worker's program answers about agents, as JSON between two processes.
 * `stack/ask-agents.ts` asks for the command line, and `workers/ask-agents.ts` answers.
 */
import type { AgentSessions } from './agent-session.js';
import type { Failure } from './failures.js';

export const QUESTIONS = ['describe', 'transcript', 'interface', 'sessions'] as const;
export type Question = (typeof QUESTIONS)[number];

export interface AgentAnswers {
  describe: DescribedAgents;
  transcript: TranscriptMessage[];
  interface: AgentProgram;
  sessions: AgentSessions;
}

/** One message of a conversation. */
export interface TranscriptMessage {
  role: 'user' | 'agent';
  /** ISO 8601. */
  at: string;
  model?: string;
  error?: string;
  parts: (
    | { type: 'text'; text: string; /** Put in by the agent's program itself. */ by_agent?: true }
    | { type: 'tool'; tool: string; status: string; input: unknown; output?: string }
  )[];
}

export interface AgentProgram {
  program: string;
  args: string[];
  cwd: string;
  /** Variables to add to the environment. One may be a password. */
  env: Record<string, string>;
}

export interface DescribedAgents {
  /** Which one opens new sessions, and why; or why none does. */
  default: DefaultAgent | { problem: Failure };
  /** By their names. */
  agents: Record<string, DescribedAgent>;
}

export interface DefaultAgent {
  name: string;
  because: 'config' | 'installed';
}

export type DescribedAgent = AgentDescription & {
  /** As `AgentCapabilities`. */
  capabilities?: object;
  /** It is not there, and nothing asks for it. */
  not_installed?: true;
};

export interface AgentDescription {
  version?: string;
  /** In words: whether this version is supported, and was tried. */
  support?: string;
  /** The command that installs the agent, in a version that was tried. */
  install?: string;
  program?: string;
  store?: string;
  log?: string;
  /** In words: which model a session uses when the prompt names none. */
  model?: string;
  /** In words: which credentials were found. Never a key itself. */
  credentials?: string;
  /** Worth knowing, although nothing is wrong. */
  note?: string;
  problem?: Failure;
}
