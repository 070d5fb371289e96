/** Input and output of `runChecks`. Histories have them, as everything in `types.ts`. Types only. */
import type { Check, CheckRun } from '../contract/checks.js';
import type { PromptId, TopicId } from '../contract/ids.js';
import type { WorkspaceMode } from '../contract/workspace.js';

/** The checks of a prompt. */
export interface AskedChecks {
  topic: TopicId;
  /** The prompt that asked for the checks. */
  prompt_id: PromptId;
  checks: Check[];
  proof?: string;
}

export interface RunChecksInput {
  asked: AskedChecks;
  /** The working directory of the session. */
  cwd: string;
  /** The directory whose config counts. Absent: the same, or a topic of an older release. */
  config_cwd?: string;
  /** The prompt's own. It replaces that of the config. */
  workspace?: WorkspaceMode;
}

export interface RunChecksOutput {
  /** Every check up to the first failed one. */
  ran: CheckRun[];
}
