/** What a driver reports of a session while it follows it. */
import type { Failure } from '../contract/failures.js';
import type { Usage } from '../contract/types.js';

export type AgentSignal =
  /** Something started or ended in the session. Look again. */
  | { type: 'moved' }
  /**
   * Another prompt came into the session, or the turn now waits for its background agents. This turn
   * may have ended although the session is still busy.
   */
  | { type: 'prompted' }
  /**
   * The agent works. There is nothing new to show, such as for output of a tool, reasoning, or the
   * text of a sub-agent.
   */
  | { type: 'worked' }
  /** What the agent is doing now, and the text so far. */
  | { type: 'did'; step?: string; text?: string }
  /**
   * What a step of the turn has used so far. A later signal for the same step replaces the one
   * before.
   */
  | { type: 'used'; step: string; usage: Usage }
  /** The agent waits for a person, so `asks` has something. Without `on`: it no longer does. */
  | { type: 'blocked'; on?: string }
  /**
   * The provider refused for now, and the agent will ask it again by itself. Without `because`: the
   * provider answers again.
   */
  | { type: 'refused'; because?: Failure; /** When it will ask. ISO 8601. */ until?: string }
  /** The agent gave the turn up, and gave a reason. */
  | { type: 'broke_off'; because: Failure };
