/** The size of a session and the price of its model, as far as its agent knows them. Types only. */

/** The last request of a turn, by the session's own agent and not by a sub-agent. */
export interface LastRequest {
  /** Input, cached or not, and the answer. */
  tokens: number;
  /** ISO 8601. */
  at: string;
  /** How long the provider keeps it in its cache, where the agent knows. */
  warm_ms?: number;
}

/** In US dollars for a million tokens. */
export interface ModelPrice {
  input: number;
  cacheRead?: number;
  cacheWrite?: number;
}
