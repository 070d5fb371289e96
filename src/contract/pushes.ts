/** The tasks that an MCP server has to report to its client. Anyone may import this. */

export interface PushTask {
  topic: string;
  prompt_id: string;
  /** The names of the asks and waits that the client knows. */
  told: string[];
  /** When it was handed over. ISO 8601. */
  at: string;
}

/** Stores the tasks of one client in one directory that asks one Temporal, beyond the end of the server. */
export interface PushStore {
  /** Keeps the task, or replaces it. */
  keep: (task: PushTask) => Promise<void>;
  drop: (task: PushTask) => Promise<void>;
  /** Takes over the tasks of servers that have ended. Of two servers that try it, one gets a task. */
  takeOver: () => Promise<PushTask[]>;
}
