/**
 * What an agent wants to know from a person, and what a turn waits for. It crosses the wire as
 * plain JSON. Anyone may import this.
 */
import type { ReachedBudget } from './budget.js';
import type { Failure } from './failures.js';
import type { SessionId } from './ids.js';

export const ASK_KINDS = ['permission', 'question', 'budget', 'cold'] as const;
/**
 * `permission` and `question` come from the agent. `budget`: the turn has used what it may. `cold`: the
 * session is cold, and to go on in it is expensive.
 */
export type AskKind = (typeof ASK_KINDS)[number];
export type AgentAskKind = Exclude<AskKind, 'budget' | 'cold'>;

export const DECISIONS = ['allow', 'always', 'deny', 'reply'] as const;
/**
 * `allow`: this once. `always`: this and the same again in the session. `deny`: no; the model is
 * told, and goes on. `reply`: the text answers a question.
 *
 * To a budget: `allow` as much again, `always` no limit any more, `deny` ends the turn, `reply` is
 * the new limit.
 *
 * To a cold session: `allow` puts the prompt in, `deny` ends it, `reply` is one of the options.
 */
export type Decision = (typeof DECISIONS)[number];

/** A permission or a question, from the agent or one of its sub-agents; or a budget that is used up. */
export interface Ask {
  /** The agent's own name for it. After a crash, the agent asks the same again under another one. */
  ask_id: string;
  kind: AskKind;
  /** The tool that needs the permission, in the agent's spelling, e.g. `bash`. */
  tool?: string;
  /** What the tool is to do it with or to, e.g. a command or a path; or the question. */
  text: string;
  /** The sub-agent's session, if a sub-agent asks. */
  session_id?: SessionId;
  /** What a question offers to choose from. Empty or absent: any text. */
  options?: { label: string; description?: string }[];
  /** Which answers it takes. */
  takes: Decision[];
  /** Of kind `budget`: what was used up. */
  budget?: ReachedBudget;
}

/** Who decided: a person, the config of the host, or nobody in time. */
export type AnsweredBy = 'person' | 'config' | 'time';

export interface Answer {
  decision: Decision;
  /** The reply to a question, or what the model is told with a denial. */
  text?: string;
}

/** An ask and how it was answered. */
export interface Answered {
  ask: Ask;
  answer: Answer;
  by: AnsweredBy;
}

/** An ask in the result of its turn. */
export interface AskedInTurn {
  kind: AskKind;
  tool?: string;
  text: string;
  decision: Decision;
  /** The text of the answer. */
  reply?: string;
  by: AnsweredBy;
}

/** The payload of the `answer` update and signal. */
export interface AnswerRequest extends Answer {
  /** Default: the ask that is open. With it, another ask is never answered by mistake. */
  ask_id?: string;
}

/** What the `answer` update answers. */
export interface AnswerTaken {
  ask_id: string;
  decision: Decision;
  /** Absent: the agent has asked. */
  kind?: 'budget' | 'cold';
}

/** What the `retry` update answers. */
export interface Retried {
  effect: 'retrying' | 'nothing_waits';
}

/** What the turn of a topic waits for. */
export type Waiting =
  | {
      for: 'answer';
      ask: Ask;
      /** ISO 8601. */
      since: string;
      /** When it is denied if nobody has answered. ISO 8601. */
      until: string;
    }
  | {
      /** `quota`: the provider's limit. `agent`: a login, a program, or a provider that is down. */
      for: 'quota' | 'agent';
      because: Failure;
      since: string;
      /** When it is tried again. ISO 8601. */
      until: string;
    };
