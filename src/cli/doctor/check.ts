/** The result of one check: fine, with a detail, or a failure, with a fix. */
import { defined } from '../../contract/defined.js';
import type { Failure } from '../../contract/failures.js';

export interface Finding {
  check: string;
  ok: boolean;
  /** What was found, for example a version or an address. */
  detail: string;
  /** Worth knowing, but not a problem. */
  note?: string;
  problem?: Failure;
  /** Of an agent, for machines. */
  agent?: AgentFacts;
}

export interface AgentFacts {
  /** Whether it opens new sessions where nothing else is asked for. */
  default: boolean;
  version?: string;
  /** In words: whether this version is supported, and was tried. */
  support?: string;
  program?: string;
  store?: string;
  /** In words: which credentials were found. Never a key itself. */
  credentials?: string;
  /** The command that installs it. */
  install?: string;
}

export const fine = (check: string, detail: string, note?: string): Finding => ({
  check,
  ok: true,
  detail,
  ...defined({ note }),
});
export const wrong = (check: string, problem: Failure): Finding => ({
  check,
  ok: false,
  detail: problem.message,
  problem,
});
