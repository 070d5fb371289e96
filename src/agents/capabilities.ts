/** What an agent can do. The turn protocol and the activities read it. */
export interface AgentCapabilities {
  /**
   * Whether the agent takes a session id that we choose. If false, an interrupted `open` can leave
   * an empty session in the agent's store.
   */
  readonly choosesSessionId: boolean;
  /**
   * Whether a prompt can be found in the agent's session under an id derived from ours. If false,
   * promise 2 (put in once) cannot be kept after a crash, and such a turn ends as OUTCOME_UNKNOWN.
   */
  readonly promptIds: boolean;
  /**
   * Whether the same prompt can be put in again without harm. If false, a prompt is noted on disk
   * before it is put in, and a noted prompt is looked for twice before it is put in again.
   */
  readonly repeatablePut: boolean;
  /**
   * Whether a turn goes on while its worker is away. If false, the turn is continued from where it
   * stopped.
   */
  readonly reattach: boolean;
  /** Whether a running turn can be stopped while its session stays usable. */
  readonly cancel: boolean;
  /**
   * Whether a turn that does not fit the model has to go on once more, because the agent compacts
   * only then. Absent: it compacts at once, if it can.
   */
  readonly compactsNext?: true;
  /** Whether the agent compacts a conversation when it is asked to. Absent: it does not. */
  readonly compactsWhenAsked?: true;
  /** Whether tokens and cost are known, and of what. */
  readonly usage: 'per_turn' | 'none';
}
