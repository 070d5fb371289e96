/** What an MCP server has handed over for its client, and has to report. Anyone may import this. */

export interface PushTask {
  topic: string;
  prompt_id: string;
  /** The asks and waits that the client knows of. */
  told: string[];
  /** When it was handed over. ISO 8601. */
  at: string;
}

/** Keeps what is to be reported beyond the end of the server, for one client in one directory. */
export interface PushStore {
  /** Keeps the task, or replaces it. */
  keep: (task: PushTask) => Promise<void>;
  drop: (task: PushTask) => Promise<void>;
  /** Takes what servers that have ended left. Of two servers that try it, one gets a task. */
  takeOver: () => Promise<PushTask[]>;
}
