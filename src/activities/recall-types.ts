/** Input and output of the recall of an earlier run. As `types.ts`. */

export interface RecallInput {
  workflow_id: string;
  /** The asking run. */
  run_id: string;
}

/** A run that is over. */
export interface EndedRun {
  run_id: string;
  /** In Temporal's spelling, e.g. `COMPLETED` or `TERMINATED`. */
  status: string;
  /** An operator has reset the run, and the asking run replaces it. */
  was_reset?: true;
  /**
   * What the run knew. It can be any value, if our code did not write it. Absent: it could not be
   * read, and `problem` says why.
   */
  state?: unknown;
  problem?: string;
}
